import { changeOf, transitionContext } from '@muster/core/enrollment/apply-events';
import type { RecordChange } from '@muster/core/enrollment/enrollment-store';
import type { InventoryView } from '@muster/core/enrollment/node-events';
import { hasOpenCommand, type StoredRecord } from '@muster/core/enrollment/record';
import type { InventoryFacts } from '@muster/core/inventory/node-store';
import type { Account } from '@muster/core/organization/account';
import type { Coverage } from '@muster/core/organization/coverage';
import type { InstanceId } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import { isJobError, type JobError } from '@muster/core/runtime/errors';
import type { RoleGroup } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from '../deps.ts';
import { paced } from '../paced.ts';
import { judgeSightings, listManaged, type Sighting } from './judge-target.ts';
import type { TargetRecords } from '@muster/core/enrollment/seal';

/** What a scan reads, and with what. */
export interface TargetReading {
  readonly target: Target;
  readonly account: Account;
  readonly groups: readonly RoleGroup[];
  /** How the target was read last. */
  readonly before: Coverage | null;
  /** The date of the reading, epoch ms. */
  readonly readingMs: number;
  /** See `BegunScan`. */
  readonly sweepId: string | null;
}

/** What a listing came to. Nothing of it is written yet. */
export interface Decision {
  readonly changes: readonly RecordChange[];
  /** All records as they are to be, changed or not. */
  readonly next: ReadonlyMap<InstanceId, StoredRecord>;
  /** Why SSM's inventory or commands could not be asked; null when they were, or needed not be. */
  readonly denial: JobError | null;
}

/** Decides for every instance of a target; asks Teleport's and SSM's inventories only where something is to be judged. */
export async function decideTarget(
  reading: TargetReading,
  sightings: ReadonlyMap<InstanceId, Sighting>,
  records: TargetRecords,
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<Decision> {
  const { target, groups, before } = reading;
  const context = { ...transitionContext(deps), sweepId: reading.sweepId };
  // Read after the records: the snapshot by which one of them is joined is this one or an older one.
  const facts = await deps.ledger.nodes.facts();
  let denial: JobError | null = null;
  const next = await judgeSightings(sightings, records, context, {
    inventory: viewOf(facts, reading, deps),
    findNodes: (ids) => deps.ledger.nodes.find(target.accountId, ids, facts),
    listManaged: async () => {
      denial = before?.status === 'partial' ? await checkCommands(target, groups, signal, deps) : null;
      if (denial !== null) return null;
      try {
        return await paced(deps, target, 'ssm:DescribeInstanceInformation', () =>
          listManaged(target, groups, signal, deps),
        );
      } catch (error) {
        if (!isJobError(error, 'aws.denied')) throw error;
        denial = error;
        return null;
      }
    },
  });
  // A command is live where commands could not be listed: whether they can be now is the answer, with or without candidates.
  if (denial === null && before?.status === 'partial' && [...next.values()].some(hasOpenCommand)) {
    denial = await checkCommands(target, groups, signal, deps);
  }
  return { changes: changesOf(reading, records, next, deps), next, denial };
}

/** Null for a snapshot that says nothing of who is missing: it is too old, or a newer reading was not believed. */
function viewOf(
  { generation, begunAtMs, dropped }: InventoryFacts,
  { readingMs }: TargetReading,
  { config: { inventory }, clock }: Pick<HandlerDeps, 'config' | 'clock'>,
): InventoryView | null {
  if (inventory.kind === 'none' || generation === null || dropped) return null;
  if (clock.now() - begunAtMs > inventory.freshnessMs) return null;
  return { begunAtMs, scanBegunAtMs: readingMs, lostAfterMs: inventory.lostAfterMs };
}

function changesOf(
  { target }: TargetReading,
  records: TargetRecords,
  next: ReadonlyMap<InstanceId, StoredRecord>,
  deps: Pick<HandlerDeps, 'config' | 'clock' | 'timings'>,
): readonly RecordChange[] {
  const goneBeforeMs = deps.clock.now() - deps.timings.goneMs;
  const changes: RecordChange[] = [];
  for (const [instanceId, value] of next) {
    const before = records.get(instanceId);
    const expired = value.state === 'gone' && value.changedAtMs < goneBeforeMs;
    if (value.state === 'unknown' || (!expired && before?.value === value)) continue;
    const after = expired ? null : value;
    changes.push(
      before === undefined
        ? { instanceId, expected: 0, value: after }
        : changeOf(deps, target, before, after),
    );
  }
  return changes;
}

/**
 * Why the target's own commands may not be listed; null when they may. One call per role of a target where that was
 * denied before: without it nothing can be sent safely, and its candidates would be queued and withdrawn by every scan.
 */
async function checkCommands(
  target: Target,
  groups: readonly RoleGroup[],
  signal: AbortSignal,
  deps: Pick<HandlerDeps, 'commands' | 'clock'>,
): Promise<JobError | null> {
  for (const { role, matchers } of groups) {
    const [matcher] = matchers;
    if (matcher === undefined) continue;
    const query = { documentName: matcher.install.documentName, invokedAfterMs: deps.clock.now() };
    try {
      for await (const _ of deps.commands.findInvocations({ ...target, role }, query, signal)) break;
    } catch (error) {
      if (isJobError(error, 'aws.denied')) return error;
      throw error;
    }
  }
  return null;
}
