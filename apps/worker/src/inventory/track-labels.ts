import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { StoredRecord } from '@muster/core/enrollment/record';
import type { InstanceId } from '@muster/core/organization/ids';
import {
  digestOfTarget,
  planLabels,
  wantsLabels,
  type LabeledInstance,
  type LabelSummary,
} from '@muster/core/inventory/node-labels';
import type { Target } from '@muster/core/organization/target';
import { sealLabels } from '@muster/core/inventory/label-store';
import type { HandlerDeps } from '../deps.ts';
import { dispatch } from '../due-work.ts';
import { sealerOf } from '../organization/account-scope.ts';
import type { Sighting } from '../scan/judge-target.ts';

type Deps = Pick<HandlerDeps, 'ledger' | 'clock' | 'timings' | 'config' | 'enqueue' | 'installation'>;

/** More waiting changes than this are not piled up in Redis (about 15 MB): the next scan brings the rest. */
const MOST_WAITING = 20_000;

/** A target as it was just read. */
export interface LabeledTarget {
  /** A complete listing. */
  readonly sightings: ReadonlyMap<InstanceId, Sighting>;
  /** Of all instances, as the listing made them. */
  readonly records: ReadonlyMap<InstanceId, StoredRecord>;
  /** What its labels last came to; null when they were never compared. */
  readonly summary: LabelSummary | null;
}

/**
 * Compares a target's tags with the labels that its nodes were given, and makes what differs wait for `write-labels`. A
 * target in which nothing changed costs nothing more: one word, the summary, stands for all of its tags.
 *
 * @returns until when its labels need no look while its tags stay as they are (epoch ms); null when not all could be queued
 */
export async function trackLabels(
  target: Target,
  { sightings, records, summary }: LabeledTarget,
  deps: Deps,
): Promise<number | null> {
  if (!deps.config.labels.enabled) return Number.POSITIVE_INFINITY;
  const { labels } = deps.ledger;
  const wanted = new Map<InstanceId, LabeledInstance>();
  for (const [id, record] of records) {
    const sighting = sightings.get(id);
    if (sighting !== undefined && sighting.owner !== null && wantsLabels(record)) {
      wanted.set(id, sighting.instance);
    }
  }
  const digest = digestOfTarget(wanted.values());
  const now = deps.clock.now();
  if (summary === null && wanted.size === 0) return Number.POSITIVE_INFINITY;
  if (summary?.digest === digest && now < summary.refreshAtMs) return summary.refreshAtMs;
  const unmatched = new Set<InstanceId>();
  const kept = new Set<InstanceId>();
  for (const [id, sighting] of sightings) {
    if (wanted.has(id)) continue;
    (sighting.owner === null ? unmatched : kept).add(id);
  }
  const written = await labels.written(target);
  const plan = planLabels({ wanted, unmatched, kept, written }, now, deps.config.labels);
  const room = MOST_WAITING - (plan.changes.length === 0 ? 0 : await labels.waiting());
  const changes = plan.changes.slice(0, Math.max(0, room));
  if (changes.length > 0) {
    const sealer = sealerOf(deps);
    await labels.queue(
      target,
      changes.map((change) => sealLabels(sealer, target, change)),
    );
    await dispatch(deps, 'labels', [ORGANIZATION_MEMBER]);
  }
  if (changes.length < plan.changes.length) return null;
  const { refreshAtMs } = plan;
  await labels.setSummary(target, { digest, refreshAtMs });
  return refreshAtMs;
}

/** Takes back the labels of everything in a target that has left the scope. */
export async function dropLabels(target: Target, deps: Deps): Promise<void> {
  if (!deps.config.labels.enabled) return;
  const summary = await deps.ledger.labels.summary(target);
  await trackLabels(target, { sightings: new Map(), records: new Map(), summary }, deps);
}
