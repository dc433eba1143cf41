import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSimClock } from './sim-clock.ts';

describe('the scaled clock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('shortens delays by its speed and leaves the date alone', () => {
    const clock = createSimClock(10);
    const startedAt = Date.now();
    const seen: number[] = [];
    clock.after(1_000, () => seen.push(Date.now() - startedAt));

    vi.advanceTimersByTime(99);
    const early = seen.length;
    vi.advanceTimersByTime(1);

    expect([early, seen]).toEqual([0, [100]]);
    expect([clock.nowMs() - startedAt, clock.elapsedSimMs()]).toEqual([100, 1_000]);
  });

  test('acts in the order in which things are due', () => {
    const clock = createSimClock(1);
    const seen: number[] = [];
    const delays = [50, 10, 40, 30, 20, 60, 10, 5];
    for (const delay of delays) clock.after(delay, () => seen.push(delay));

    vi.advanceTimersByTime(100);

    expect(seen).toEqual(delays.toSorted((a, b) => a - b));
  });

  test('a process that falls behind keeps the order of what follows from each other', () => {
    const clock = createSimClock(1);
    const seen: string[] = [];
    clock.after(10, () => {
      clock.after(10, () => seen.push('chain'));
    });
    clock.after(25, () => seen.push('deadline'));

    vi.setSystemTime(Date.now() + 1_000);
    vi.advanceTimersByTime(2_000);

    expect(seen).toEqual(['chain', 'deadline']);
  });

  test('does nothing that was canceled, and nothing at all once closed', () => {
    const clock = createSimClock(1);
    const seen: string[] = [];
    const cancel = clock.after(10, () => seen.push('canceled'));
    clock.after(20, () => seen.push('kept'));
    clock.after(30, () => seen.push('late'));

    cancel();
    vi.advanceTimersByTime(25);
    clock.close();
    vi.advanceTimersByTime(100);

    expect(seen).toEqual(['kept']);
  });
});
