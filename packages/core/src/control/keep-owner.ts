import type { Installation } from './installation.ts';
import { isJobError, JobError } from '../runtime/errors.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { OwnerLedger } from './owner-store.ts';

/** How long a process may go on that a flush and another installation have left without its ledger. */
const LOOK_MS = 15_000;

/** A process's hold on its ledger. */
export interface OwnerKeeper {
  /** Rejects with `config.invalid` when the ledger has become another installation's; never resolves. */
  readonly lost: Promise<never>;
  /** The configuration has changed: from now on the ledger is asked about this, if it is still ours by that. */
  follow(next: Installation): Promise<void>;
  close(): void;
}

/**
 * Claims the ledger for `mine`, and looks again and again: after a flush of Redis it has no owner, and another installation
 * may claim it first. Throws `config.invalid` when it is another's already.
 */
export async function holdLedger(owner: OwnerLedger, mine: Installation, clock: Clock): Promise<OwnerKeeper> {
  await requireOwn(owner, mine);
  let current = mine;
  const closing = new AbortController();
  const lost = Promise.withResolvers<never>();
  // A process that stops at the loss listens; one that is ending anyway need not.
  lost.promise.catch(() => undefined);
  void look(owner, () => current, clock, closing.signal).catch(lost.reject);
  return {
    lost: lost.promise,
    follow: async (next) => {
      // By another organization's id alone a running process does not leave: it holds its sends and says why.
      if ((await owner.claim(next)) === null) current = next;
    },
    close: () => {
      closing.abort();
    },
  };
}

async function look(
  owner: OwnerLedger,
  mine: () => Installation,
  clock: Clock,
  closing: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await clock.sleep(LOOK_MS, closing);
    } catch {
      return;
    }
    try {
      await requireOwn(owner, mine());
    } catch (error) {
      // A Redis that does not answer says nothing about whose it is.
      if (isJobError(error, 'config.invalid') && !closing.aborted) throw error;
    }
  }
}

async function requireOwn(owner: OwnerLedger, mine: Installation): Promise<void> {
  const reason = await owner.claim(mine);
  if (reason !== null) throw new JobError('config.invalid', reason, { retry: 'never' });
}
