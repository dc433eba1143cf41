import { expect, test } from 'vitest';
import { limitsOfThread, readMemory } from './thread-memory.ts';

const MB = 1024 * 1024;

function oldMb(constrainedMb: number, mainHeapMb = 320): number {
  return limitsOfThread({
    constrainedBytes: constrainedMb * MB,
    machineBytes: 24_000 * MB,
    mainHeapBytes: mainHeapMb * MB,
  }).maxOldGenerationSizeMb;
}

test('in a container the thread has what the rest of the process leaves of its limit', () => {
  expect(oldMb(768)).toBe(318);
  expect(oldMb(1_024)).toBe(574);
  expect(oldMb(1_024, 448)).toBe(446);
});

test('it has never less than it needs to begin, and never more than a copy of millions takes', () => {
  expect(oldMb(256)).toBe(128);
  expect(oldMb(16_000)).toBe(2_048);
});

test('where no limit is known, and where the limit is that of the machine, it has the most', () => {
  expect(oldMb(0)).toBe(2_048);
  expect(oldMb(24_000)).toBe(2_048);
  // Without a group of processes some systems say more than any machine has.
  expect(oldMb(2 ** 43)).toBe(2_048);
});

test('what this process may take is known', () => {
  const { machineBytes, mainHeapBytes, constrainedBytes } = readMemory();

  expect(machineBytes).toBeGreaterThan(100 * MB);
  expect(mainHeapBytes).toBeGreaterThan(10 * MB);
  expect(constrainedBytes).toBeGreaterThanOrEqual(0);
});
