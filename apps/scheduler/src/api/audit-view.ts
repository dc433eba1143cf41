import type { AuditRow } from '@muster/api/audit';
import type { AuditEntry } from '@muster/core/control/audit/audit-entry';
import type { AuditLedger } from '@muster/core/control/audit/audit-store';
import { type ChainVerdict, NO_LINKS, withLink } from '@muster/core/control/audit/verify-chain';

const PAGE = 1_000;

/** The audit as this process has read it: read once, and then only what is new. */
export interface AuditView {
  /** Brings it up to date. @returns the newest entries first, and whether the chain of all of them holds */
  read(): Promise<{ readonly rows: readonly AuditRow[]; readonly verdict: ChainVerdict }>;
}

interface Held {
  readonly id: string;
  /** Null for what is no entry. */
  readonly row: AuditRow | null;
}

/** Nothing is read before the first question; two that come at once share one reading. */
export function createAuditView(audit: AuditLedger): AuditView {
  let held: Held[] = [];
  let rows: readonly AuditRow[] = [];
  let verdict = NO_LINKS;
  let reading: Promise<void> | null = null;

  async function readOn(): Promise<void> {
    const { count, firstId, lastId } = await audit.bounds();
    // Older entries are dropped as new ones come.
    const kept = held.findIndex(({ id }) => id === firstId);
    const isSame = held.length === count && kept === 0 && held.at(-1)?.id === lastId;
    if (isSame) return;
    if (kept < 0) forget();
    else held.splice(0, kept);
    await readNew();
    // An entry was taken out, or the stream began anew: all of it is read again. Where one came meanwhile, the next look counts.
    const now = await audit.bounds();
    const isEnd = now.lastId === (held.at(-1)?.id ?? '') && now.firstId === (held.at(0)?.id ?? '');
    if (isEnd && held.length !== now.count) {
      forget();
      await readNew();
    }
    rows = held.flatMap(({ row }) => (row === null ? [] : [row])).toReversed();
  }

  async function readNew(): Promise<void> {
    for (;;) {
      const page = await audit.after(held.at(-1)?.id ?? '', PAGE);
      for (const { id, entry, sealed } of page) {
        held.push({ id, row: entry === null ? null : rowOf(id, entry) });
        verdict = withLink(verdict, { place: id, sealed: sealed.hash === '' ? null : sealed, entry });
      }
      if (page.length < PAGE) return;
    }
  }

  function forget(): void {
    held = [];
    verdict = NO_LINKS;
  }

  return {
    async read() {
      reading ??= readOn().finally(() => {
        reading = null;
      });
      await reading;
      return { rows, verdict };
    },
  };
}

function rowOf(id: string, entry: AuditEntry): AuditRow {
  const { atMs, by, from, act, scope, dryRun, basis, reason, result, detail, hash } = entry;
  return {
    id,
    at: new Date(atMs).toISOString(),
    by: by.name,
    kind: by.kind,
    from,
    act,
    scope,
    accounts: dryRun?.accounts ?? null,
    hosts: dryRun?.hosts ?? null,
    basis,
    reason,
    result,
    detail,
    hash,
  };
}
