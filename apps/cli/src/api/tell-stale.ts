import { Freshness } from '@muster/api/paging';
import { formatDuration } from '@muster/core/config/value-shapes';

/**
 * Makes what says on standard error that an answer is old, once per command: a list of many pages is one answer.
 *
 * @param name of the scheduler, for people
 * @param write takes one line
 */
export function createStaleNotice(name: string, write: (line: string) => void): (body: unknown) => void {
  let isTold = false;
  return (body) => {
    const read = Freshness.safeParse(body);
    if (isTold || !read.success || !read.data.stale) return;
    isTold = true;
    const age = formatDuration(Math.round(read.data.ageMs / 1_000) * 1_000);
    write(
      `${name} answers with what it knew ${age} ago, at ${read.data.asOf}: Redis is away, or it reads the ledger anew (its /readyz says which)\n`,
    );
  };
}
