import type { Ledger } from '@muster/core/control/ledger';

/** One change of a host's state, in the order in which Redis wrote them. */
export interface HostChange {
  readonly host: string;
  /** ACCOUNT.REGION */
  readonly target: string;
  /** `none`: it has no record any more. */
  readonly state: string;
  readonly cause: string | null;
  /** Of Redis. */
  readonly atMs: number;
}

const READ_AT_ONCE = 1_000;

/**
 * Every change since the ledger began: one list for each commit, in order, empty for one that changed no state.
 *
 * @throws {Error} the stream no longer reaches back to its begin, so nothing could be judged by it
 */
export async function readHistory({
  changes,
}: Pick<Ledger, 'changes'>): Promise<readonly (readonly HostChange[])[]> {
  const history: HostChange[][] = [];
  for (let after = '0-0'; ; ) {
    const { entries, nextId, behind } = await changes.read(after, READ_AT_ONCE);
    if (behind) throw new Error('the stream of changes was cut: this world is too large to be judged by it');
    if (entries.length === 0) return history;
    after = nextId;
    for (const { id, target, instances } of entries) {
      const atMs = Number(id.split('-')[0]);
      history.push(
        instances.map(([host, , state, cause]) => ({
          host,
          target,
          state: state ?? 'none',
          cause: cause ?? null,
          atMs,
        })),
      );
    }
  }
}
