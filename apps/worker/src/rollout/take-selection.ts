import type { StoredRecord } from '@muster/core/enrollment/record';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { Account } from '@muster/core/organization/account';
import type { InstanceId } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import { selectedOf } from '@muster/core/rollout/selection/held-change';
import { isPartOf, selectionOf, selects } from '@muster/core/rollout/selection/selection';
import type { HandlerDeps } from '../deps.ts';
import type { Sighting } from '../scan/judge-target.ts';
import { callerAccountOf } from '../organization/account-scope.ts';

type Deps = Pick<HandlerDeps, 'ledger' | 'config' | 'newId'>;

/** How often it is decided anew on what another worker has written meanwhile. */
const ATTEMPTS = 5;

/**
 * Takes up what this worker's configuration selects. A first one is accepted, and so is one that selects nothing more than
 * the accepted one, and any while the hold before the first send lasts: then the operator looks anyway. Another one is held,
 * in the place of whatever was held. The accepted one, put back, ends what was held.
 *
 * @param workedBy keys of the matchers that were last worked by, as a release before this one left them; null for none
 */
export async function takeSelection(deps: Deps, workedBy: readonly string[] | null): Promise<void> {
  const { selection, control, enrollments } = deps.ledger;
  const now = selectionOf(deps.config.matchers);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { acceptedId, heldId } = await selection.gate();
    if (heldId === now.id || (acceptedId === now.id && heldId === null)) return;
    if (acceptedId === null && workedBy !== null) {
      // What they select is not known, but a host that a matcher of the same key has was selected before.
      await selection.accept({ id: 'before', matcherKeys: workedBy, selectors: [] }, null);
      continue;
    }
    const accepted = acceptedId === null ? null : await selection.accepted(acceptedId);
    const isAccepted =
      acceptedId === null ||
      acceptedId === now.id ||
      (accepted !== null && isPartOf(now, accepted)) ||
      (await control.hold(deps.config.limits.holdFirstSend)) === 'held';
    const result = isAccepted
      ? await selection.accept(now, acceptedId)
      : await selection.hold(now, {
          acceptedId,
          sweepId: deps.newId(),
          replaces: true,
          selectedBefore: selectedOf((await enrollments.counts()).states),
        });
    if (result !== 'stale') return;
  }
}

/** Reads accounts, regions and targets again now. */
export async function readAllAgain({ ledger }: Pick<HandlerDeps, 'ledger'>): Promise<void> {
  const { due, coverage } = ledger;
  await due.schedule('accounts', [ORGANIZATION_MEMBER]);
  for (const accountId of await coverage.accountIds()) {
    await due.schedule('regions', [accountId]);
    const regions = (await coverage.account(accountId))?.regions ?? [];
    await due.schedule(
      'scan',
      regions.map((region) => targetId({ accountId, region })),
    );
  }
}

type Sightings = ReadonlyMap<InstanceId, Sighting>;

/** A listing whose instances are marked. */
interface MarkedSightings {
  readonly sightings: Sightings;
  /** Whether this worker's selection is another one than the accepted one. */
  readonly isChange: boolean;
}

/**
 * Says of each instance of a listing whether the accepted selection has it too, or only this worker's. While both are the
 * same, that costs one small question.
 */
export async function markAdded(
  { account, target }: { readonly account: Account; readonly target: Target },
  sightings: Sightings,
  signal: AbortSignal,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'organization'>,
): Promise<MarkedSightings> {
  const { selection } = deps.ledger;
  const now = selectionOf(deps.config.matchers);
  const { acceptedId } = await selection.gate();
  // The ledger is new, or was emptied while this worker ran: the hold of a first run is there for that.
  if (acceptedId === null) await selection.accept(now, null);
  if (acceptedId === null || acceptedId === now.id) {
    return { sightings: markAll(sightings, null), isChange: false };
  }
  const known = await selection.accepted(acceptedId);
  const callerAccountId = await callerAccountOf(deps, signal);
  const isSelectedBefore = ({ instance, owner }: Sighting): boolean => {
    if (owner === null) return true;
    const place = { account, region: target.region, instance, ownerKey: owner.key, callerAccountId };
    return known !== null && selects(known, place);
  };
  const isAdded = (sighting: Sighting): string | null => (isSelectedBefore(sighting) ? null : now.id);
  return { sightings: markAll(sightings, isAdded), isChange: true };
}

function markAll(sightings: Sightings, addedBy: ((sighting: Sighting) => string | null) | null): Sightings {
  return new Map(
    [...sightings].map(([id, sighting]) => [id, { ...sighting, addedBy: addedBy?.(sighting) ?? null }]),
  );
}

/**
 * Counts the instances of a target that this worker's configuration adds, before their records say so: no host is let through
 * that is not in the sum. Where the change is not held, it is held by that.
 */
export async function countAdded(
  target: Target,
  { sightings, isChange }: MarkedSightings,
  records: ReadonlyMap<InstanceId, StoredRecord>,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'newId'>,
): Promise<void> {
  if (!isChange) return;
  const { selection } = deps.ledger;
  const now = selectionOf(deps.config.matchers);
  const isAdded = ([instanceId, record]: readonly [InstanceId, StoredRecord]): boolean =>
    record.addedBy === now.id && sightings.has(instanceId) && !hasJoinedByItself(record);
  const hosts = [...records].filter(isAdded).length;
  if ((await selection.countAdded(now.id, target, hosts)) || hosts === 0) return;
  const { acceptedId, heldId } = await selection.gate();
  if (heldId !== null || acceptedId === now.id) return;
  // Another worker, with the accepted configuration, was started since: it ended what this one had held.
  const terms = { acceptedId, sweepId: deps.newId(), replaces: false };
  if ((await selection.hold(now, terms)) !== 'done') return;
  await selection.countAdded(now.id, target, hosts);
  await readAllAgain(deps);
}

/** The target is out of scope: no change adds anything there any more. */
export async function countNone(
  target: Target,
  { ledger: { selection } }: Pick<HandlerDeps, 'ledger'>,
): Promise<void> {
  const { heldId } = await selection.gate();
  if (heldId !== null) await selection.countAdded(heldId, target, 0);
}

/** Nothing of ours was sent to it, and nothing will be. */
function hasJoinedByItself({ state, attemptCount }: StoredRecord): boolean {
  return state === 'joined' && attemptCount === 0;
}
