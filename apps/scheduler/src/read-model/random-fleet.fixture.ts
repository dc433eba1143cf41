import type { Versioned } from '@muster/core/enrollment/enrollment-store';
import { ENROLLMENT_STATES, type EnrollmentRecord } from '@muster/core/enrollment/record';
import { type Target, targetId } from '@muster/core/organization/target';
import { aMatcherKey, anInstanceId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';

const WORDS = ['web', 'api', 'db_1', 'cache', '50%off', 'Batch'];
const REGIONS = ['eu-west-1', 'us-east-1', 'ap-south-1'];
const CAUSES = ['ec2-ssm-script-failure', 'ec2-join-failure', 'node-lost'] as const;

/** A record of a target with what lists filter and sort by, at random; many share their times. */
export function aRandomRecord(n: number, random: () => number): EnrollmentRecord {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const name = `${pick(WORDS)}-${pick(WORDS)}-${n % 7}`;
  const record = aRecord(pick(ENROLLMENT_STATES), {
    instanceId: anInstanceId(n),
    matcherKey: aMatcherKey(Math.floor(random() * 2)),
    changedAtMs: NOW_MS - Math.floor(random() * 10) * 1_000,
    attemptCount: Math.floor(random() * 4),
    joinedAtMs: random() < 0.5 ? null : NOW_MS - Math.floor(random() * 5) * 60_000,
    ...(random() < 0.7 ? { tags: { Name: name, team: pick(WORDS) } } : {}),
    ...(random() < 0.5 ? { wave: pick(['first', 'rest']) } : {}),
    ...(random() < 0.5 ? { platform: pick(['Ubuntu', 'Amazon Linux']) } : {}),
  });
  return record.state === 'failed' ? { ...record, cause: pick(CAUSES) } : record;
}

/** Records of several targets, as a store reads them. */
export function aRandomFleet(
  hosts: number,
  random: () => number,
): ReadonlyMap<string, { readonly target: Target; readonly records: Versioned<EnrollmentRecord>[] }> {
  const fleet = new Map<
    string,
    { readonly target: Target; readonly records: Versioned<EnrollmentRecord>[] }
  >();
  for (let n = 0; n < hosts; n += 1) {
    const target = aTarget(Math.floor(random() * 5), REGIONS[Math.floor(random() * REGIONS.length)]);
    const of = fleet.get(targetId(target)) ?? { target, records: [] };
    fleet.set(targetId(target), of);
    of.records.push({ version: n + 1, value: aRandomRecord(n, random) });
  }
  return fleet;
}
