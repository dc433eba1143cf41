import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** Kills what is on its list when its input ends, that is when the process that wrote the list is gone, however it went. */
const WATCHER = `pids=
while read -r sign pid; do
  if [ "$sign" = + ]; then pids="$pids $pid"; else
    left=
    for one in $pids; do [ "$one" = "$pid" ] || left="$left $one"; done
    pids=$left
  fi
done
[ -z "$pids" ] || kill -s KILL -- $pids 2>/dev/null`;

/** Ends child processes when the process that started them is gone and can no longer do it. */
export interface OrphanWatch {
  add(pid: number): void;
  /** For one that has ended: its id may be another's later. */
  remove(pid: number): void;
  /** The same for a whole process group, by the id of the child that leads it. */
  addGroup(pid: number): void;
  removeGroup(pid: number): void;
  close(): void;
}

/** Its own end needs no `close`: it ends with the process that asked for it. */
export function watchOrphans(): OrphanWatch {
  const watched = new Set<number>();
  let watcher = startWatcher();
  // kill takes a negative id for a group.
  const add = (id: number): void => {
    watched.add(id);
    if (watcher.exitCode === null && watcher.signalCode === null) {
      watcher.stdin.write(`+ ${id}\n`);
      return;
    }
    // Something has ended the watcher: another one takes over its whole list.
    watcher = startWatcher();
    for (const one of watched) watcher.stdin.write(`+ ${one}\n`);
  };
  const remove = (id: number): void => {
    watched.delete(id);
    watcher.stdin.write(`- ${id}\n`);
  };
  return {
    add,
    remove,
    addGroup: (pid) => {
      add(-pid);
    },
    removeGroup: (pid) => {
      remove(-pid);
    },
    close: () => void watcher.stdin.end(),
  };
}

function startWatcher(): ChildProcessByStdio<Writable, null, null> {
  // A group of its own: Ctrl-C in a terminal must not end it before the process that it watches for.
  const watcher = spawn('sh', ['-c', WATCHER], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    // It needs nothing, and outlives a process that has secrets in its environment.
    env: { PATH: process.env['PATH'] },
  });
  watcher.unref();
  // Without a shell there is no watch; the work goes on all the same.
  watcher.on('error', () => undefined);
  watcher.stdin.on('error', () => undefined);
  // The pipe alone must not keep a process up.
  (watcher.stdin as { unref?: () => void }).unref?.();
  return watcher;
}
