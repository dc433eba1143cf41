import { expect, test } from 'vitest';
import { createLoadMeter } from './process-load.ts';

function burn(forMs: number): void {
  const until = process.cpuUsage().user / 1_000 + forMs;
  while (process.cpuUsage().user / 1_000 < until);
}

test('the load is what the process used of the last minute, and no more of what it did before', () => {
  let nowMs = 0;
  const measure = createLoadMeter(() => nowMs);
  burn(60);
  nowMs = 1_000;
  expect(measure().cpuShare).toBeGreaterThan(0.05);

  nowMs = 200_000;
  measure();
  nowMs = 230_000;

  expect(measure().cpuShare).toBeLessThan(0.05);
  expect(measure().memoryBytes).toBeGreaterThan(20_000_000);
});

test('a first question at the moment of the beginning has an answer', () => {
  expect(createLoadMeter(() => 5)().cpuShare).toBe(0);
});
