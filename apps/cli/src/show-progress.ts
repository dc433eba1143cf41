import type { ReportProgress } from './gather-report.ts';
import { moveOnTerminal } from './guarded-output.ts';

const LINE_EVERY_MS = 10_000;

/** Progress on stderr: one line that moves on a terminal, a line now and then anywhere else. */
export function showProgress(
  what: string,
  stream: NodeJS.WriteStream = process.stderr,
): { readonly update: (progress: ReportProgress) => void; readonly end: () => void } {
  let lastAtMs = Date.now();
  let written = false;
  return {
    update: ({ expected, answered }) => {
      const text = `${what}: ${answered} of ${expected} parts answered`;
      if (stream.isTTY) {
        moveOnTerminal(stream, 'erase-line');
        stream.write(text);
        written = true;
        return;
      }
      if (Date.now() - lastAtMs < LINE_EVERY_MS) return;
      lastAtMs = Date.now();
      stream.write(`${text}\n`);
    },
    end: () => {
      if (written) moveOnTerminal(stream, 'erase-line');
    },
  };
}
