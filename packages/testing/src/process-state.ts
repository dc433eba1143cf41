import { readFileSync } from 'node:fs';

/**
 * Whether a process is there and can still do something. One that has ended and that its parent has not asked about is a
 * zombie: in a container without an init, orphans stay zombies for ever.
 */
export function isAtWork(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // `pid (name) state …`; the name may hold anything.
    const state = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.charAt(0);
    return state !== 'Z' && state !== 'X';
  } catch {
    // It ended in between, or this system has no /proc.
    return process.platform !== 'linux';
  }
}
