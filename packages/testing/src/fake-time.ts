import { existsSync, writeFileSync } from 'node:fs';

/** Where Debian, Ubuntu and Fedora put libfaketime for programs with threads. */
const PLACES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib64/faketime/libfaketimeMT.so.1',
];

/** The library that gives a process another clock; null where it is not installed (Debian package `faketime`). */
export const FAKETIME_LIBRARY = PLACES.find((place) => existsSync(place)) ?? null;

/** Why tests with wrong clocks are skipped. */
export const NO_FAKETIME = 'libfaketime is not installed (Debian package faketime)';

/** A clock that a test sets, also while its process runs. */
export interface FakeTime {
  readonly env: NodeJS.ProcessEnv;
  /** @param offsetMs positive is ahead */
  set(offsetMs: number): void;
}

/** Environment of a process whose machine's clock is off by so much: every program that it starts has the same. */
export function fakeTime(file: string, offsetMs: number): FakeTime {
  const set = (offset: number): void => {
    writeFileSync(file, `${offset < 0 ? '-' : '+'}${Math.abs(offset) / 1_000}s`);
  };
  set(offsetMs);
  return {
    env: {
      LD_PRELOAD: FAKETIME_LIBRARY ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      // Timers count on: a clock that was set does not make time pass otherwise.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
  };
}
