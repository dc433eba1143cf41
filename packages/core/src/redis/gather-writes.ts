import type { Redis } from 'ioredis';

/** With this many the first leave before the turn ends, so that Redis works while we do: all at once, each would wait for the other. */
const MOST_GATHERED = 6;

/**
 * Hands all commands that one turn of the event loop gives to a connection to the socket in few writes. ioredis writes
 * each command by itself, and writing to a socket is the most expensive thing that a scan does beside AWS (26 % of its
 * CPU). Nothing waits longer for it: what is gathered leaves before the loop looks for news from outside again.
 *
 * ioredis' own `enableAutoPipelining` gathers too, but by pipelines of its own, which cost most of what they save
 * (figures in docs/decisions/0006-gathered-writes.md).
 */
export function gatherWrites(redis: Redis): void {
  redis.on('connect', () => {
    const { stream } = redis;
    const write: (chunk: Chunk) => boolean = stream.write.bind(stream);
    let gathered: Chunk[] = [];
    const flush = (): void => {
      const chunks = gathered;
      gathered = [];
      if (chunks.length > 0 && stream.writable) for (const chunk of joined(chunks)) write(chunk);
    };
    stream.write = (chunk: Chunk): boolean => {
      const count = gathered.push(chunk);
      if (count === 1) setImmediate(flush);
      else if (count === MOST_GATHERED) flush();
      return true;
    };
  });
}

type Chunk = string | Uint8Array;

/** Neighboring texts as one; binary arguments stay as they are. */
function joined(chunks: readonly Chunk[]): readonly Chunk[] {
  if (chunks.every((chunk) => typeof chunk === 'string')) return [chunks.join('')];
  return [Buffer.concat(chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)))];
}
