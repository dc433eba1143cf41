import type { BystanderKind, Bystanders } from '@muster/core/scan/bystander';
import type { StoredRecord } from '@muster/core/enrollment/record';
import type { InstanceId } from '@muster/core/organization/ids';
import { excludesInstance } from '@muster/core/scan/matcher';
import type { RoleGroup } from '@muster/core/scan/matcher-scope';
import type { Sighting } from './judge-target.ts';

/** The instances that a reading saw and that have no record, with what they are. */
export function bystandersOf(
  sightings: ReadonlyMap<InstanceId, Sighting>,
  records: ReadonlyMap<InstanceId, StoredRecord>,
  groups: readonly RoleGroup[],
): Bystanders {
  const bystanders = new Map<InstanceId, BystanderKind>();
  for (const [id, sighting] of sightings) {
    const kind = records.has(id) ? null : kindOf(sighting, groups);
    if (kind !== null) bystanders.set(id, kind);
  }
  return bystanders;
}

function kindOf({ instance, owner }: Sighting, groups: readonly RoleGroup[]): BystanderKind | null {
  if (owner === null) {
    const excluded = groups.some(({ matchers }) =>
      matchers.some((matcher) => excludesInstance(matcher, instance)),
    );
    return excluded ? 'opted-out' : 'unmatched';
  }
  if (instance.state === 'pending') return 'starting';
  return instance.state === 'stopping' || instance.state === 'stopped' ? 'stopped' : null;
}
