import { spawn } from 'node:child_process';

/** Kills what is on its list when its input ends, that is when the process that wrote the list is gone, however it went. */
const WATCHER = `pids=
while read -r sign pid; do
  if [ "$sign" = + ]; then pids="$pids $pid"; else
    left=
    for one in $pids; do [ "$one" = "$pid" ] || left="$left $one"; done
    pids=$left
  fi
done
[ -z "$pids" ] || kill -9 $pids 2>/dev/null`;

/** Sees to it that child processes do not outlive the process that started them: nobody else would ever end them. */
export interface OrphanWatch {
  add(pid: number): void;
  /** For one that has ended, so that nobody who is given its id later is taken for it. */
  remove(pid: number): void;
  close(): void;
}

/** For the demo and the tests. Its own end needs no `close`: it ends with the process that asked for it. */
export function watchOrphans(): OrphanWatch {
  // A group of its own: Ctrl-C in a terminal must not end it before whoever it watches for.
  const watcher = spawn('sh', ['-c', WATCHER], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watcher.unref();
  // Without a shell there is no watch; the work goes on all the same.
  watcher.on('error', () => undefined);
  watcher.stdin.on('error', () => undefined);
  // The pipe alone must not keep a process up.
  (watcher.stdin as { unref?: () => void }).unref?.();
  return {
    add: (pid) => void watcher.stdin.write(`+ ${pid}\n`),
    remove: (pid) => void watcher.stdin.write(`- ${pid}\n`),
    close: () => void watcher.stdin.end(),
  };
}
