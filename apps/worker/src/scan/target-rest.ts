import { hash } from 'node:crypto';
import type { StoredRecord } from '@muster/core/enrollment/record';
import type { BegunScan } from '@muster/core/scan/scan-store';
import type { InstanceId } from '@muster/core/organization/ids';
import type { HandlerDeps } from '../deps.ts';
import type { Decision } from './decide-target.ts';
import type { Sighting } from './judge-target.ts';

/**
 * One word for all that a scan sees of a target's instances and that a record or a label may depend on. Another order of
 * the tags makes another word, which costs a closer look and nothing else. So does an inventory whose snapshots were not
 * compared without a gap: a node may be missing that no record was told of.
 */
export function digestOfSightings(
  sightings: ReadonlyMap<InstanceId, Sighting>,
  { comparedSince }: Pick<BegunScan, 'comparedSince'>,
  { labels }: Pick<HandlerDeps['config'], 'labels'>,
): string {
  const seen = [...sightings.values()].map(({ instance, owner, wave, tags }) => [
    instance.instanceId,
    instance.state,
    instance.launchedAtMs,
    owner?.key ?? null,
    owner === null ? null : labels.enabled ? instance.tags : tags,
    ...(wave === null ? [] : [wave]),
  ]);
  seen.sort(byId);
  // A principal that may tag must not be able to make two listings look alike.
  return hash('sha256', JSON.stringify([comparedSince, labels.enabled, seen]), 'base64url');
}

function byId([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return (a as InstanceId) < (b as InstanceId) ? -1 : 1;
}

/**
 * Until when a target is at rest that was just decided about: as long as its instances stay as they are, there is nothing to
 * write, to ask or to send. Null when it is not at rest.
 *
 * @param labeledUntilMs when its labels need a look; null when now
 */
export function restUntil(
  { changes, denial, next }: Decision,
  labeledUntilMs: number | null,
  { clock, timings }: Pick<HandlerDeps, 'clock' | 'timings'>,
): number | null {
  // What is being changed is at rest when it is found unchanged.
  if (changes.length > 0 || denial !== null || labeledUntilMs === null || next.size === 0) return null;
  let untilMs = Math.min(labeledUntilMs, clock.now() + timings.restMs);
  for (const record of next.values()) {
    const recordUntilMs = recordRestsUntil(record, timings);
    if (recordUntilMs === null) return null;
    untilMs = Math.min(untilMs, recordUntilMs);
  }
  return untilMs;
}

/** Null in a state that waits for something other than the next listing. */
function recordRestsUntil(record: StoredRecord, { goneMs }: HandlerDeps['timings']): number | null {
  switch (record.state) {
    case 'joined':
      return record.missing === undefined ? Number.POSITIVE_INFINITY : null;
    case 'stopped':
    case 'unmatched':
      return Number.POSITIVE_INFINITY;
    case 'gone':
      return record.changedAtMs + goneMs;
    case 'discovered':
    case 'ineligible':
    case 'queued':
    case 'sending':
    case 'installing':
    case 'installed':
    case 'lost':
    case 'failed':
    case 'unknown':
      return null;
    default:
      return record satisfies never;
  }
}
