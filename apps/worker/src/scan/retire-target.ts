import { hasOpenCommand, type StoredRecord } from '@muster/core/enrollment/record';
import type { AccountId } from '@muster/core/organization/ids';
import { targetId, type Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import { changeOf, transitionContext } from '@muster/core/enrollment/apply-events';
import { runEvents } from '@muster/core/enrollment/transition';
import { readRecords, restoreIntents } from '../enrollment/repair-ledger.ts';
import { dropLabels } from '../inventory/track-labels.ts';
import type { KnownAccount } from '@muster/core/organization/coverage-store';
import type { RecordChange } from '@muster/core/enrollment/enrollment-store';

type RetireDeps = Pick<
  HandlerDeps,
  'ledger' | 'config' | 'clock' | 'random' | 'timings' | 'enqueue' | 'installation'
>;

type AccountScope = Pick<KnownAccount, 'account' | 'regions'>;

/** Accounts asked for at once. */
const ACCOUNTS_CHUNK = 500;

/**
 * Takes one more step of retiring a target that left the scope; nothing happens to one that is in scope, or of which that is
 * unknown. Such a target is read no more, but its records are not left lying: its scan stays due and comes here. What it held
 * is `gone` when its account is not in a complete account list, and `unmatched` when its region is no longer one of a known
 * account's: no scan looked there. Open commands are followed to their end first, labels are taken back, and after its
 * retention the last trace goes.
 *
 * @returns in how long the next step is due (null: there is none), and how many records were changed or deleted
 */
export async function retireTarget(
  target: Target,
  known: AccountScope | null,
  deps: RetireDeps,
): Promise<{ readonly nextInMs: number | null; readonly changed: number }> {
  const fate = await fateOf(target, known, deps);
  if (fate === null) return { nextInMs: null, changed: 0 };
  const { enrollments } = deps.ledger;
  const records = await readRecords(target, deps);
  const context = transitionContext(deps);
  const changes: RecordChange[] = [];
  let nextInMs = Number.POSITIVE_INFINITY;
  let open = false;
  for (const [instanceId, { version, value, seal }] of records) {
    const after = isGoneAlready(value, fate) ? value : (runEvents(value, [{ kind: fate }], context) ?? value);
    const expiresAtMs = after.changedAtMs + deps.timings.goneMs;
    if (after.state === 'unknown') {
      // Only the release that wrote it knows what else it stands for: the target is kept for that one.
      nextInMs = Math.min(nextInMs, deps.timings.deniedMs);
    } else if (hasOpenCommand(after)) {
      open = true;
    } else if (expiresAtMs < context.nowMs) {
      changes.push({ instanceId, expected: version, value: null });
    } else {
      nextInMs = Math.min(nextInMs, expiresAtMs + 1 - context.nowMs);
      if (after !== value) changes.push(changeOf(deps, target, { version, value, seal }, after));
    }
  }
  if (open) {
    await restoreIntents(target, records, deps);
    nextInMs = Math.min(nextInMs, deps.timings.deniedMs);
  }
  const isIdle = changes.length === 0 && !open;
  const results = isIdle ? [] : await enrollments.write(target, 'each', changes, []);
  // What another process moved meanwhile is decided anew on fresher records.
  if (results.includes('stale')) nextInMs = deps.timings.retryMs;
  await dropLabels(target, deps);
  await deps.ledger.hostManagement.put(target, null);
  const changed = results.filter((result) => result === 'written').length;
  if (nextInMs < Number.POSITIVE_INFINITY) return { nextInMs, changed };
  const isOver = await enrollments.dropTarget(target);
  return { nextInMs: isOver ? null : deps.timings.deniedMs, changed };
}

/** What is said of a target's instances; null while it is in scope, or while that is unknown. */
async function fateOf(
  target: Target,
  known: AccountScope | null,
  deps: Pick<HandlerDeps, 'ledger'>,
): Promise<'not-seen' | 'seen-unmatched' | null> {
  if (known === null) {
    // One that is known but cannot be read is not one that was removed.
    const all = await deps.ledger.coverage.accountIds();
    return all.includes(target.accountId) ? null : 'not-seen';
  }
  // Regions of an account that is not active, or was never entered, are not known to have left.
  if (known.account.state !== 'ACTIVE' || known.regions === null) return null;
  return known.regions.includes(target.region) ? null : 'seen-unmatched';
}

/** A complete scan that found it gone is not contradicted by the end of scans. */
function isGoneAlready(record: StoredRecord, fate: 'not-seen' | 'seen-unmatched'): boolean {
  return fate === 'seen-unmatched' && record.state === 'gone';
}

/** One of a target's commands has ended: should it be out of scope, the next step of retiring it is taken. */
export async function retireAfterCommand(target: Target, deps: RetireDeps): Promise<void> {
  const known = await deps.ledger.coverage.account(target.accountId);
  const { nextInMs } = await retireTarget(target, known, deps);
  if (nextInMs !== null) await deps.ledger.due.schedule('scan', [targetId(target)], nextInMs);
}

/** Every target that holds records and is out of scope, whenever and however it came there. */
export async function targetsOutOfScope(
  populated: readonly Target[],
  deps: Pick<HandlerDeps, 'ledger'>,
): Promise<readonly Target[]> {
  const accountIds = [...new Set(populated.map(({ accountId }) => accountId))];
  const listed = new Set(await deps.ledger.coverage.accountIds());
  const regions = new Map<AccountId, readonly string[]>();
  for (let i = 0; i < accountIds.length; i += ACCOUNTS_CHUNK) {
    const chunk = accountIds.slice(i, i + ACCOUNTS_CHUNK).filter((accountId) => listed.has(accountId));
    const known = await Promise.all(chunk.map((accountId) => deps.ledger.coverage.account(accountId)));
    for (const one of known) {
      if (one?.account.state === 'ACTIVE' && one.regions !== null) {
        regions.set(one.account.accountId, one.regions);
      }
    }
  }
  return populated.filter(({ accountId, region }) =>
    listed.has(accountId) ? regions.get(accountId)?.includes(region) === false : true,
  );
}
