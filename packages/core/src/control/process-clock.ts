import type { ProcessLoad } from '../runtime/process-load.ts';
import type { Release } from '../runtime/release.ts';
import type { Finding } from './findings.ts';

/** AWS refuses what was signed by a clock that is further off. Muster signs by AWS's clock, but other programs of the host do not. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;
/** Clocks that differ from Redis's by the same, give or take this, agree with one another. */
const ALIKE_MS = 5_000;
/** A process that has not compared its clock for this long is gone, or cannot speak for itself. */
const HEARD_WITHIN_MS = 45_000;

/** One comparison of a process's clock with Redis's. */
export interface ClockReading {
  /** The process's clock minus Redis's: positive is ahead. */
  readonly offsetMs: number;
  /** How long the question took: the offset is known to half of it. */
  readonly roundTripMs: number;
}

/** What a process last found of its own clock. */
export interface ProcessClock extends ClockReading {
  /** Host and process id, as `processName` makes it. */
  readonly name: string;
  readonly part: 'scheduler' | 'worker';
  /** When, by Redis's clock (epoch ms). */
  readonly readAtMs: number;
  /** Since when its clock has been off, by Redis's clock (epoch ms); null while it is right. */
  readonly offSinceMs: number | null;
  /** When it began, by Redis's clock (epoch ms); absent in what an older release tells. */
  readonly startedAtMs?: number | undefined;
  /** What it runs; absent in what an older release tells. */
  readonly runs?: Release | undefined;
  /** How busy it is; absent in what an older release tells. */
  readonly load?: ProcessLoad | undefined;
}

/** Whether the clocks certainly differ by more than the tolerance, however slow the answer was. */
export function isClockOff({ offsetMs, roundTripMs }: ClockReading): boolean {
  return Math.abs(offsetMs) - roundTripMs / 2 > CLOCK_TOLERANCE_MS;
}

/** `6 min 3 s`, of a difference between two clocks; never negative. */
export function describeDifference(offsetMs: number): string {
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const parts = [
    ...(hours > 0 ? [`${hours} h`] : []),
    ...(minutes > 0 ? [`${minutes} min`] : []),
    ...(seconds % 60 > 0 || seconds === 0 ? [`${seconds % 60} s`] : []),
  ];
  return parts.join(' ');
}

/** Processes that have compared their clocks lately. */
export function heardOf(clocks: readonly ProcessClock[], nowMs: number): readonly ProcessClock[] {
  return clocks.filter(({ readAtMs }) => Math.abs(nowMs - readAtMs) <= HEARD_WITHIN_MS);
}

/**
 * Whose clock is wrong, as findings. Where every process differs from Redis in the same way, Redis's own clock is the
 * likely culprit and stands alone; a single process cannot tell which of the two is wrong, and its finding says so.
 *
 * @param redisPlace `host:port` of Redis
 * @param nowMs Redis's time
 */
export function findingsOfClocks(
  clocks: readonly ProcessClock[],
  redisPlace: string,
  nowMs: number,
): readonly Finding[] {
  const heard = heardOf(clocks, nowMs);
  const off = heard.filter(isClockOff);
  const [first] = off;
  if (first === undefined) return [];
  if (off.length === heard.length && off.length > 1 && areOffAlike(off)) {
    return [findingOfRedis(off, first, redisPlace)];
  }
  const right = heard.length - off.length;
  return off.map((one) => findingOfProcess(one, right, redisPlace));
}

function areOffAlike(clocks: readonly ProcessClock[]): boolean {
  const offsets = clocks.map(({ offsetMs }) => offsetMs);
  return Math.max(...offsets) - Math.min(...offsets) <= ALIKE_MS;
}

function findingOfRedis(off: readonly ProcessClock[], first: ProcessClock, redisPlace: string): Finding {
  const side = first.offsetMs > 0 ? 'behind' : 'ahead of';
  const since = off.map(({ offSinceMs, readAtMs }) => offSinceMs ?? readAtMs);
  return {
    kind: 'clock-off',
    scope: `redis:${redisPlace}`,
    sinceMs: Math.min(...since),
    message: `The clock of Redis at ${redisPlace} is ${describeDifference(first.offsetMs)} ${side} the clocks of all ${off.length} processes, which agree with one another. Work goes on, dated by Redis.`,
    remedy: `Set the clock of the host of Redis (chronyc tracking, or timedatectl set-ntp true). If the processes share one host, look at that host’s clock too. This goes away by itself within 15 s.`,
  };
}

function findingOfProcess(clock: ProcessClock, right: number, redisPlace: string): Finding {
  const { name, part, offsetMs, offSinceMs, readAtMs } = clock;
  const difference = describeDifference(offsetMs);
  const side = offsetMs > 0 ? 'ahead of' : 'behind';
  const message =
    right === 0
      ? `The clocks of the ${part} ${name} and of Redis at ${redisPlace} differ by ${difference} (the ${part} is ${offsetMs > 0 ? 'ahead' : 'behind'}); no other process tells which of them is right.`
      : `The clock of the ${part} ${name} is ${difference} ${side} that of Redis at ${redisPlace} and of ${right} other ${right === 1 ? 'process' : 'processes'}.`;
  return {
    kind: 'clock-off',
    scope: `process:${name}`,
    sinceMs: offSinceMs ?? readAtMs,
    message: `${message} It works on by the clocks of Redis and AWS; its log lines, and certificates that it checks, go by its own.`,
    remedy: `Set the clock of that host (timedatectl set-ntp true, chronyc tracking; on EC2 from 169.254.169.123)${right === 0 ? ', or that of Redis’s host' : ''}. This goes away by itself within 15 s.`,
  };
}
