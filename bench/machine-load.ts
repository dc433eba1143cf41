import { readFileSync } from 'node:fs';

/** The kernel's books of all cores, in its ticks since it started. */
export interface MachineTicks {
  readonly busy: number;
  readonly all: number;
}

/** Reads /proc/stat. Waiting for a disk counts as idle. */
export function readMachineTicks(): MachineTicks {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const ticks = first.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, count) => sum + count, 0);
  const [, , , idle = 0, waiting = 0] = ticks;
  return { busy: all - idle - waiting, all };
}

/** The share of all cores that was busy between two readings, 0..1, whatever process used them. */
export function busyShare(from: MachineTicks, to: MachineTicks): number {
  return (to.busy - from.busy) / (to.all - from.all);
}
