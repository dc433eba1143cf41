/** Hosts that are claimed in a ramp and come to their ends, by the real scripts. */
import { aBatchId, anInstanceId, anIntent, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import type { TestLedger } from '@muster/testing/ledger-bench';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import type { Ledger } from '../../control/ledger.ts';
import type { WriteResult } from '../../enrollment/enrollment-store.ts';
import type { EnrollmentRecord } from '../../enrollment/record.ts';
import type { InstanceId } from '../../organization/ids.ts';
import type { Target } from '../../organization/target.ts';
import { moveRamps } from './run-ramps.ts';

/** With the default ramp, and a cap of all that its sixth step would exceed. */
export const CONFIG = parsedSystemConfig(OFFLINE_FACTS, { muster: { limits: { installs_in_flight: 100 } } });
export const RULE = CONFIG.rollout.ramp;
const CAPS = { all: 100, account: 100, target: 100 };
export const TARGETS = [aTarget(0), aTarget(0, 'us-east-1'), aTarget(1), aTarget(2), aTarget(3)];
export const [FIRST = aTarget()] = TARGETS;
/** The ramp of a matcher. */
export const ID = 'm:0000000000000001';

let batches = 0;

/** Claims hosts that have no record, or the records as they stand. */
export async function claim(
  ledger: Ledger,
  target: Target,
  ids: readonly InstanceId[],
  ramps: readonly string[] = [ID],
): Promise<WriteResult> {
  const batchId = aBatchId((batches += 1));
  const known = await ledger.enrollments.read(target, ids);
  const [result = 'stale'] = await ledger.enrollments.write(
    target,
    'all',
    ids.map((instanceId) => ({
      instanceId,
      expected: known.get(instanceId)?.version ?? 0,
      value: { ...aRecord('sending'), instanceId, batchId },
      ramps,
    })),
    [{ batchId, expected: 0, value: anIntent({ batchId, instanceIds: ids }) }],
    { caps: CAPS },
  );
  return result;
}

/** Writes a record over whatever lies there. */
export async function put(ledger: Ledger, target: Target, value: EnrollmentRecord): Promise<void> {
  const { instanceId } = value;
  const expected = (await ledger.enrollments.read(target, [instanceId])).get(instanceId)?.version ?? 0;
  await ledger.enrollments.write(target, 'each', [{ instanceId, expected, value }], []);
}

export type End = 'joined' | 'failed' | 'canceled' | 'refused' | 'stopped';

/** Through the states of a command, to an end. */
export async function end(ledger: Ledger, target: Target, instanceId: InstanceId, how: End): Promise<void> {
  if (how === 'refused') return put(ledger, target, { ...aRecord('queued'), instanceId });
  await put(ledger, target, { ...aRecord('installing'), instanceId });
  if (how === 'canceled') {
    return put(ledger, target, { ...aRecord('failed'), instanceId, cause: 'ec2-ssm-canceled' });
  }
  await put(ledger, target, { ...aRecord('installed'), instanceId, joinDeadlineMs: NOW_MS });
  if (how === 'stopped') return put(ledger, target, { ...aRecord('stopped'), instanceId });
  if (how === 'joined') return put(ledger, target, { ...aRecord('joined'), instanceId });
  return put(ledger, target, { ...aRecord('failed'), instanceId, cause: 'ec2-join-failure' });
}

/** Begins the ramp of a matcher. */
export async function begin({ ledger }: TestLedger, id = ID): Promise<void> {
  await ledger.ramps.begin(id, { kind: 'matcher', subject: 'aws[0]', nowMs: NOW_MS }, RULE, 'once');
}

/** The only ramp that is not over. */
export async function only(ledger: Ledger) {
  const [ramp, ...others] = await ledger.ramps.all();
  if (ramp === undefined || others.length > 0) throw new Error('there is not exactly one ramp');
  return ramp;
}

/** Moves ramps on, as any process may at any time. */
export const move = (ledger: Ledger, nowMs = NOW_MS) => moveRamps({ ledger, config: CONFIG, nowMs });
export const hosts = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => anInstanceId(from + n));
