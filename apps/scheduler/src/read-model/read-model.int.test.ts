import { createRedisLedger } from '@muster/core/control/ledger';
import { createClock } from '@muster/core/runtime/clock';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { anInstanceId, aRecord, aTarget, recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { settingsOf, startTestRedis, type TestRedis } from '@muster/testing/test-redis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMetrics } from '@muster/core/runtime/metrics';
import { registerModelMetrics } from './model-metrics.ts';
import type { ModelChange } from './follow-ledger.ts';
import { type ReadModel, startReadModel } from './read-model.ts';

let server: TestRedis;
let redis: ReturnType<typeof createRedis>;
let model: ReadModel;

beforeEach(async () => {
  server = await startTestRedis();
  const settings = { ...settingsOf(server), prefix: 'p' };
  const log = recordingLog();
  redis = createRedis({ ...settings, profile: 'patient', name: 'test', log });
  model = startReadModel({ redis: settings, clock: createClock(), log });
});
afterEach(async () => {
  await model.close();
  await closeRedis(redis);
  await server.stop();
});

async function put(n: number): Promise<void> {
  const ledger = createRedisLedger({ redis, prefix: 'p', log: recordingLog() });
  const value = aRecord('joined', { instanceId: anInstanceId(n) });
  await ledger.enrollments.write(
    aTarget(),
    'each',
    [{ instanceId: value.instanceId, expected: 0, value }],
    [],
  );
}

async function totalNow(): Promise<number | null> {
  const answer = await model.counts({});
  return answer.kind === 'answer' ? answer.value.total : null;
}

test('a write shows up in the lists of another thread, and is told to those who listen', async () => {
  expect(await model.counts({})).toMatchObject({ kind: 'building' });
  await eventually('the empty ledger is read', async () => (await totalNow()) === 0);
  const told: ModelChange[] = [];
  const end = model.subscribe((change) => told.push(change));

  await put(1);

  await eventually('the instance is counted', async () => (await totalNow()) === 1);
  const list = await model.instances({}, { limit: 5, sort: [], after: null, cursorAfter: String });
  expect(list).toMatchObject({
    kind: 'answer',
    value: { total: 1, next: null, stale: false, items: [{ instanceId: anInstanceId(1), state: 'joined' }] },
  });
  expect(told.at(-1)).toMatchObject({ instances: [anInstanceId(1)] });
  end();
  const registry = createMetrics('scheduler');
  registerModelMetrics(registry, model, createClock());
  await registry.metrics();
  const metrics = await registry.metrics();
  expect(metrics).toMatch(/muster_read_model_rows\{[^}]*\} 1\n/);
  expect(metrics).toMatch(/muster_read_model_rebuilds_total\{[^}]*\} 1\n/);
  expect(metrics).toMatch(/muster_read_model_age_seconds\{[^}]*\} [0-3]/);
  const ids: string[] = [];
  for await (const { instanceId } of model.instancesOf({ state: ['joined'] })) ids.push(instanceId);
  expect(ids).toEqual([anInstanceId(1)]);
});

test('while Redis is away the last data answers, and says that it is stale', async () => {
  await put(1);
  await eventually('the instance is counted', async () => (await totalNow()) === 1);

  await server.stop();

  await eventually('the answer says that it is stale', async () => {
    const answer = await model.counts({});
    if (answer.kind !== 'answer') throw new Error('it forgot what it knew');
    expect(answer.value.total).toBe(1);
    return answer.value.stale;
  });
});
