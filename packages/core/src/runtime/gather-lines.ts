import type { LineWriter } from './line-writer.ts';

/**
 * Hands all lines that one turn of the event loop writes to `destination` in one piece: writing is the most expensive
 * part of a log line, and a worker's jobs end in flocks. A line waits for nothing but the end of its turn, so a process
 * that is killed has written everything it did before; one that exits writes the rest while it does.
 */
export function gatherLines(destination: LineWriter): LineWriter {
  let gathered = '';
  const flush = (): void => {
    const text = gathered;
    gathered = '';
    if (text !== '') destination.write(text);
  };
  process.on('exit', flush);
  return {
    write(line) {
      if (gathered === '') setImmediate(flush);
      gathered += line;
    },
  };
}
