import { readFileSync } from 'node:fs';

/** What a process has used since it began, as the kernel counts it. */
export interface ProcessUsage {
  /** User and system time of all its threads. */
  readonly cpuMs: number;
  readonly rssMb: number;
  /** The most that was ever resident. */
  readonly peakRssMb: number;
}

/** Linux has counted in hundredths of a second for applications for as long as there has been /proc. */
const TICK_MS = 10;

/** Reads /proc; throws when the process is gone. */
export function readUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in parentheses and may hold blanks; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    rssMb: kilobytes(status, 'VmRSS') / 1024,
    peakRssMb: kilobytes(status, 'VmHWM') / 1024,
  };
}

function kilobytes(status: string, field: string): number {
  return Number(new RegExp(String.raw`^${field}:\s+(\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
}
