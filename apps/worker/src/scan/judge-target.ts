import { judgeEligibility } from '@muster/core/scan/eligibility';
import type { EnrollmentEvent, Judgment } from '@muster/core/enrollment/event';
import { type InventoryView, isOverdue } from '@muster/core/enrollment/node-events';
import type { TransitionContext } from '@muster/core/enrollment/next-record';
import type { StoredRecord } from '@muster/core/enrollment/record';
import type { InstanceId } from '@muster/core/organization/ids';
import type { Instance, ManagedNode } from '@muster/core/scan/instance';
import { matchesInstance, type Matcher } from '@muster/core/scan/matcher';
import type { RoleGroup } from '@muster/core/scan/matcher-scope';
import type { Account } from '@muster/core/organization/account';
import type { Target } from '@muster/core/organization/target';
import { waveOf } from '@muster/core/rollout/waves/wave';
import { runEvents } from '@muster/core/enrollment/transition';
import type { HandlerDeps } from '../deps.ts';
import type { TargetRecords } from '@muster/core/enrollment/seal';

/** An instance of the listing, with the matcher that owns it; null when no matcher selects it. */
export interface Sighting {
  readonly instance: Instance;
  readonly owner: Matcher | null;
  /** The selection that adds it, null for one that was selected before (`markAdded`); absent where that is not asked. */
  readonly addedBy?: string | null;
  /** The wave that it belongs to; empty when that cannot be told, null where there are no waves. */
  readonly wave: string | null;
  /** Those of its tags that people are shown; absent where that is not asked. */
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * Every instance that any role shows, with its owner: the first matcher in file order, whichever role it came by.
 *
 * @param account whose tags and units decide about waves; null where waves do not matter
 */
export async function listSightings(
  target: Target,
  groups: readonly RoleGroup[],
  signal: AbortSignal,
  deps: Pick<HandlerDeps, 'config' | 'instances'>,
  account: Account | null,
): Promise<ReadonlyMap<InstanceId, Sighting>> {
  const sightings = new Map<InstanceId, Sighting>();
  const order = deps.config.matchers;
  for (const { role, matchers } of groups) {
    for await (const page of deps.instances.listInstances({ ...target, role }, signal)) {
      for (const instance of page) {
        if (!isOfTarget(instance, target)) continue;
        const owner = ownerAmong(matchers, instance);
        const other = sightings.get(instance.instanceId)?.owner ?? null;
        const first =
          other !== null && (owner === null || order.indexOf(other) < order.indexOf(owner)) ? other : owner;
        const wave = account === null ? null : waveOfInstance(instance, account, target, deps);
        const tags = shownTagsOf(instance, deps.config.shownTags);
        sightings.set(instance.instanceId, { instance, owner: first, wave, tags });
      }
    }
  }
  return sightings;
}

function shownTagsOf({ tags }: Instance, keys: readonly string[]): Readonly<Record<string, string>> {
  const shown: Record<string, string> = {};
  for (const key of keys) {
    const value = Object.hasOwn(tags, key) ? tags[key] : undefined;
    if (value !== undefined && value !== '') shown[key] = value;
  }
  return shown;
}

/** An instance in a shared subnet belongs to its owner's account, where it is found by that account's scan. */
export function isOfTarget(instance: Instance, target: Target): boolean {
  return instance.ownerId === target.accountId;
}

/** The first of these matchers that wants the instance by its tags; null when none does. @param matchers in file order, of its target */
export function ownerAmong(matchers: readonly Matcher[], instance: Instance): Matcher | null {
  return matchers.find((matcher) => matchesInstance(matcher, instance)) ?? null;
}

/** By this worker's own waves and what EC2 and Organizations say: see `Sighting.wave`. */
export function waveOfInstance(
  { instanceId, tags }: Instance,
  account: Account,
  { region }: Target,
  { config }: Pick<HandlerDeps, 'config'>,
): string | null {
  const { waves } = config.rollout;
  return waves.length === 0 ? null : (waveOf(waves, { account, region, instanceId, tags }) ?? '');
}

/** The target's SSM inventory, listed once: all pages of the first role that has an owner here. */
export async function listManaged(
  target: Target,
  groups: readonly RoleGroup[],
  signal: AbortSignal,
  deps: Pick<HandlerDeps, 'instances'>,
): Promise<ReadonlyMap<InstanceId, ManagedNode>> {
  const managed = new Map<InstanceId, ManagedNode>();
  const role = groups[0]?.role ?? null;
  for await (const page of deps.instances.listManagedNodes({ ...target, role }, signal)) {
    for (const node of page) managed.set(node.instanceId, node);
  }
  return managed;
}

/** What the judgment asks of the world; each at most once. */
export interface JudgmentSources {
  /** What joined records are compared with; null when they are not: no inventory is configured, or it is too old or held. */
  readonly inventory: InventoryView | null;
  /** Node ids of those of `ids` that Teleport's inventory shows. */
  findNodes(ids: readonly InstanceId[]): Promise<ReadonlyMap<InstanceId, string>>;
  /** Asked only when there is an instance to judge. Null when the role may not ask: then no instance can get a command. */
  listManaged(): Promise<ReadonlyMap<InstanceId, ManagedNode> | null>;
}

/**
 * All records of a target as a complete listing makes them: the scan writes what changed, the plan only counts. Nothing
 * is written here.
 */
export async function judgeSightings(
  sightings: ReadonlyMap<InstanceId, Sighting>,
  records: TargetRecords,
  context: TransitionContext,
  sources: JudgmentSources,
): Promise<ReadonlyMap<InstanceId, StoredRecord>> {
  const next = new Map<InstanceId, StoredRecord>();
  for (const [id, sighting] of sightings) {
    const record = runEvents(records.get(id)?.value ?? null, eventsOfSighting(sighting), context);
    if (record !== null) next.set(id, record);
  }
  for (const [id, { value }] of records) {
    if (sightings.has(id)) continue;
    const record = runEvents(value, [{ kind: 'not-seen' }], context);
    if (record !== null) next.set(id, record);
  }
  const { inventory } = sources;
  const asked = [...next.values()].filter(
    (record) => isOpenQuestion(record) || (record.state === 'joined' && inventory !== null),
  );
  const nodes = await sources.findNodes(asked.map((record) => record.instanceId));
  for (const record of asked) {
    const { instanceId: id } = record;
    const nodeId = nodes.get(id);
    const events =
      record.state === 'joined'
        ? eventsOfJoined(record, nodeId, sightings.get(id), inventory)
        : eventsOfNode(nodeId);
    next.set(id, runEvents(record, events, context) ?? record);
  }
  const open = [...next.values()].filter(isOpenQuestion);
  if (open.length === 0) return next;
  const managed = await sources.listManaged();
  for (const record of open) {
    const sighting = sightings.get(record.instanceId);
    if (sighting === undefined || sighting.owner === null) continue;
    const node = managed?.get(record.instanceId);
    const judgment: Judgment =
      managed === null
        ? { kind: 'ineligible', cause: 'ec2-perm-account-denied' }
        : judgeEligibility(sighting.instance, node, {
            nowMs: context.nowMs,
            minInstanceAgeMs: sighting.owner.minInstanceAgeMs,
          });
    const judged: EnrollmentEvent = { kind: 'judged', judgment, node };
    next.set(record.instanceId, runEvents(record, [judged], context) ?? record);
  }
  return next;
}

function eventsOfNode(nodeId: string | undefined): readonly EnrollmentEvent[] {
  return nodeId === undefined ? [] : [{ kind: 'node-seen', nodeId }];
}

/** What the inventory says of an instance that has joined. One that does not run is not missed. */
function eventsOfJoined(
  record: Extract<StoredRecord, { state: 'joined' }>,
  nodeId: string | undefined,
  sighting: Sighting | undefined,
  inventory: InventoryView | null,
): readonly EnrollmentEvent[] {
  if (inventory === null || sighting?.instance.state !== 'running') return [];
  const { missing } = record;
  if (nodeId !== undefined) {
    // An agent that was installed anew has another node, and its host was never missing.
    if (missing === undefined) return nodeId === record.nodeId ? [] : eventsOfNode(nodeId);
    // What a newer reading misses is told to the record before the snapshot of that reading is there.
    return inventory.begunAtMs < missing.sinceMs ? [] : eventsOfNode(nodeId);
  }
  // No two snapshots were compared of which one showed it: the ledger is from an older release, or Redis was lost.
  if (missing === undefined) {
    return [{ kind: 'node-missing', sinceMs: inventory.begunAtMs, lastSeenAtMs: null }];
  }
  return isOverdue(missing, inventory) ? [{ kind: 'node-lost' }] : [];
}

/** What a look at one instance says to its record. */
export function eventsOfSighting({
  instance,
  owner,
  wave,
  addedBy,
  tags,
}: Sighting): readonly EnrollmentEvent[] {
  if (owner === null) return [{ kind: 'seen-unmatched' }];
  switch (instance.state) {
    case 'running':
      return [
        {
          kind: 'seen',
          instanceId: instance.instanceId,
          matcherKey: owner.key,
          launchedAtMs: instance.launchedAtMs,
          addedBy,
          ...(wave === null ? {} : { wave }),
          ...(tags === undefined ? {} : { tags }),
        },
      ];
    case 'stopping':
    case 'stopped':
      return [{ kind: 'seen-stopped' }];
    case 'shutting-down':
    case 'terminated':
      return [{ kind: 'not-seen' }];
    case 'pending':
      return [];
    default:
      return instance.state satisfies never;
  }
}

/** States in which the inventory and the pre-check have something to say. */
function isOpenQuestion(record: StoredRecord): boolean {
  return (
    record.state === 'discovered' ||
    record.state === 'queued' ||
    record.state === 'ineligible' ||
    record.state === 'lost' ||
    record.state === 'failed'
  );
}
