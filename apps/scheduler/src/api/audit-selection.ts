import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { z } from 'zod';
import type { AuditQuery, AuditRow } from '@muster/api/audit';
import type { Principal } from '../access/principal.ts';
import { waitOf } from '../access/sign-in-tries.ts';
import type { SortKey } from './list-request.ts';
import { sortRows } from './page-of-rows.ts';

/** What a page of the audit is about, whichever page of it. */
type AuditFilter = Pick<z.infer<typeof AuditQuery>, 'act' | 'by' | 'since' | 'q'>;

/** Rows that were filtered and sorted, kept while the audit is the same. */
export interface AuditSelections {
  /**
   * @param rows as the view of the audit has them: other ones are another array
   * @returns the rows in order; or how long the asker has to wait, for having had too many others sorted
   */
  select(
    rows: readonly AuditRow[],
    question: { readonly filter: AuditFilter; readonly sort: readonly SortKey[]; readonly asker: Principal },
  ): Promise<
    | { readonly kind: 'rows'; readonly rows: readonly AuditRow[] }
    | { readonly kind: 'wait'; readonly waitSeconds: number }
  >;
}

/** Fifty thousand rows in 0.4 MB each. */
const KEPT = 20;

/** To filter and sort all rows takes up to a tenth of a second, in which nothing else is answered. */
const PER_PRINCIPAL = { points: 30, duration: 10 };

export function createAuditSelections(limit = PER_PRINCIPAL): AuditSelections {
  const limiter = new RateLimiterMemory(limit);
  let of: readonly AuditRow[] = [];
  const kept = new Map<string, readonly AuditRow[]>();
  return {
    async select(rows, { filter, sort, asker }) {
      if (of !== rows) {
        of = rows;
        kept.clear();
      }
      const { act, by, since, q } = filter;
      const key = JSON.stringify([act, by, since, q, sort]);
      const known = kept.get(key);
      if (known !== undefined) return { kind: 'rows', rows: known };
      const waitSeconds = await waitOf(limiter.consume(`${asker.kind} ${asker.name}`));
      if (waitSeconds > 0) return { kind: 'wait', waitSeconds };
      const wanted = rows.filter((row) => isWanted(row, filter));
      const sorted = sortRows(wanted, sort, ({ id }) => id);
      if (of === rows) {
        const [oldest] = kept.keys();
        if (kept.size >= KEPT && oldest !== undefined) kept.delete(oldest);
        kept.set(key, sorted);
      }
      return { kind: 'rows', rows: sorted };
    },
  };
}

function isWanted(row: AuditRow, { act, by, since, q }: AuditFilter): boolean {
  const text = q?.toLowerCase();
  return (
    (act === undefined || act.includes(row.act)) &&
    (by === undefined || by.includes(row.by)) &&
    (since === undefined || row.at >= since) &&
    (text === undefined ||
      [row.by, row.from, row.scope, row.reason, row.detail].some((part) => part.toLowerCase().includes(text)))
  );
}
