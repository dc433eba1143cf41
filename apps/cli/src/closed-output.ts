import { EXIT } from './command-context.ts';

/**
 * Ends the process in order when its output cannot be written. A reader that has seen enough (`muster instances | head`)
 * has taken what it wanted: that is no failure. Anything else, such as a full disk, is one, and said in a line.
 */
export function endWithOutput(streams: {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}): void {
  streams.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    streams.stderr.write(`muster: the output cannot be written: ${error.message}\n`);
    process.exit(EXIT.failed);
  });
  // The reader of the output is gone: there is nothing left to print to.
  streams.stderr.on('error', () => undefined);
}
