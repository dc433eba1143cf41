import { spawnSync } from 'node:child_process';

/** A program that a check needs and a machine may lack. */
export function isHere(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** Runs a checker; its output and exit code in one text, empty when it found nothing. */
export function runChecker(program: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  });
  return status === 0 ? '' : `${program} ended with ${String(status)}: ${stdout}${stderr}`;
}
