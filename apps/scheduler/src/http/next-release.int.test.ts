import { anInstanceId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FindingRow } from '@muster/api/findings';
import type { InstanceRow } from '@muster/api/instances';
import type { Overview } from '@muster/api/overview';
import type { Page } from '@muster/api/paging';
import { type RunningApp, startApp } from './running-app.fixture.ts';

/** A ledger that the next release has written to, as the console and the metrics of this one show it. */
let app: RunningApp;

beforeAll(async () => {
  app = await startApp();
  const records: readonly object[] = [
    { ...aRecord('discovered'), instanceId: anInstanceId(1), state: 'awaiting-approval', approval: 'none' },
    { ...aRecord('ineligible'), instanceId: anInstanceId(2), cause: 'no-approval' },
    { ...aRecord('joined'), instanceId: anInstanceId(3), ring: 2 },
  ];
  await app.ledger.enrollments.write(
    aTarget(),
    'each',
    records.map((value, n) => ({ instanceId: anInstanceId(n + 1), expected: 0, value: value as never })),
    [],
  );
  const finding = {
    kind: 'of-tomorrow',
    scope: 'all',
    sinceMs: NOW_MS,
    message: 'a message',
    remedy: 'a remedy',
  };
  await app.ledger.control.raise(finding as never);
});
afterAll(() => app.stop());

async function read<T>(path: string): Promise<T> {
  const answer = await fetch(`${app.url}/api/v1/${path}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

test('the overview and the findings show the state, the cause and the finding as they are, and the sums hold', async () => {
  const { instances, funnel } = await read<Overview>('overview');
  const { items } = await read<Page<FindingRow>>('findings');

  expect(instances).toEqual({
    total: 3,
    byState: { 'awaiting-approval': 1, ineligible: 1, joined: 1 },
    byCause: { 'no-approval': 1 },
  });
  expect(funnel.at(-1)).toMatchObject({ state: 'awaiting-approval', hosts: 1 });
  const ofCause = items.find(({ kind }) => kind === 'cause:no-approval');
  expect(ofCause).toMatchObject({ hosts: 1 });
  expect(ofCause?.remedy).toContain('muster retry --cause no-approval');
  expect(items.find(({ kind }) => kind === 'of-tomorrow')).toMatchObject({
    message: 'a message',
    stopsSending: false,
  });
});

test('instances are found by a state and a cause that only the next release knows, as long as there are such', async () => {
  await app.modelHas(3);

  expect((await read<Page<InstanceRow>>('instances?state=awaiting-approval')).items).toMatchObject([
    { instanceId: anInstanceId(1), state: 'awaiting-approval', cause: null },
  ]);
  expect((await read<Page<InstanceRow>>('instances?cause=no-approval')).items).toMatchObject([
    { instanceId: anInstanceId(2) },
  ]);
  expect((await fetch(`${app.url}/api/v1/instances?state=sleeping`)).status).toBe(400);
});

test('the metrics carry them too', async () => {
  const metrics = await (await fetch(`${app.url}/metrics`)).text();

  expect(metrics).toMatch(/^muster_instances\{.*state="awaiting-approval".*\} 1$/m);
  expect(metrics).toMatch(/^muster_instances\{.*state="gone".*\} 0$/m);
  expect(metrics).toMatch(/^muster_instance_causes\{.*cause="no-approval".*\} 1$/m);
});

test('words beyond a few are counted together, so that no client of Redis makes the metrics grow', async () => {
  const many = Array.from({ length: 40 }, (_, n) => ({
    instanceId: anInstanceId(100 + n),
    expected: 0,
    value: { ...aRecord('gone'), instanceId: anInstanceId(100 + n), state: `state-${n}` } as never,
  }));
  await app.ledger.enrollments.write(aTarget(1), 'each', many, []);

  const lines = await eventually('the metrics are read anew', async () => {
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    const states = metrics.split('\n').filter((line) => line.startsWith('muster_instances{'));
    return states.some((line) => line.includes('state="other"')) ? states : null;
  });

  expect(lines.filter((line) => line.includes('state="state-'))).toHaveLength(9);
  expect(lines.find((line) => line.includes('state="other"'))).toMatch(/ 31$/);
});
