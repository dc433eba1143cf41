import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anInstanceId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { type LedgerBench, startLedgerBench, type TestLedger } from '@muster/testing/ledger-bench';
import { NEXT_SCHEMA, recordTexts, writeAsNextRelease } from '@muster/testing/next-release';
import {
  baseEnvironment,
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
} from '@muster/testing/supervised-process';
import { OFFLINE_FACTS, systemConfig, TEST_MARKER_KEY } from '@muster/testing/system-config';
import { thisRelease } from '@muster/core/runtime/release';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** A ledger that the next release has written to, under the commands of this one. */
const target = aTarget();
const [HELD, UNFIT, JOINED] = [anInstanceId(1), anInstanceId(2), anInstanceId(3)];
const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
let bench: LedgerBench;
let store: TestLedger;

beforeAll(async () => {
  bench = await startLedgerBench();
  store = bench.create([{ reveal: () => TEST_MARKER_KEY }]);
  const records = [HELD, UNFIT, JOINED].map((instanceId) => ({ ...aRecord('joined'), instanceId }));
  await store.ledger.enrollments.write(
    target,
    'each',
    records.map((value) => ({ instanceId: value.instanceId, expected: 0, value })),
    [],
  );
  await writeAsNextRelease(store, target, (record) => {
    const { nodeId: _nodeId, ...rest } = { nodeId: '', ...record };
    if (record.instanceId === HELD) return { ...rest, state: 'awaiting-approval', approval: 'none' };
    if (record.instanceId === UNFIT) return { ...rest, state: 'ineligible', cause: 'no-approval' };
    return { ...record, ring: 2 };
  });
  const finding = {
    kind: 'of-tomorrow',
    scope: 'all',
    sinceMs: NOW_MS,
    message: 'a message',
    remedy: 'a remedy',
  };
  await store.ledger.control.raise(finding as never);
  const { host = '', port = 0 } = store.redis.options;
  const [, prefix = ''] = /^\{(.*)\}/.exec(store.keys.owner) ?? [];
  const redis = { url: `redis://${host}:${port}`, prefix };
  const config = systemConfig(OFFLINE_FACTS, { muster: { redis } });
  writeFileSync(join(folder, 'muster.yaml'), JSON.stringify(config));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await bench.disconnect();
  await bench.stop();
});

function muster(...args: string[]): Promise<CommandResult> {
  const env = { ...baseEnvironment(), MUSTER_MARKER_KEY: TEST_MARKER_KEY };
  return runProgram([MUSTER_ENTRY, ...args], { env, cwd: folder });
}

test('status, findings, instances and explain show what only the next release knows, as it is', async () => {
  const [status, findings, instances, explanation] = await Promise.all([
    muster('status', '--json'),
    muster('findings'),
    muster('instances', '--json', '--state', 'awaiting-approval'),
    muster('explain', UNFIT),
  ]);

  expect((JSON.parse(status.stdout) as { instances: object }).instances).toEqual({
    total: 3,
    byState: { 'awaiting-approval': 1, ineligible: 1, joined: 1 },
    byCause: { 'no-approval': 1 },
  });
  expect(findings.stdout).toContain('a message');
  expect(JSON.parse(instances.stdout)).toMatchObject({ instanceId: HELD, state: 'awaiting-approval' });
  expect(explanation.stdout).toContain('no-approval: A newer release of Muster wrote this cause');
});

test('a state that no release has written is a slip', async () => {
  const { code, stderr } = await muster('instances', '--state', 'awaiting-aproval');

  expect(code).toBe(64);
  expect(stderr).toContain('there is no such state');
});

test('retry by a cause of the next release moves those that have it, leaves other states alone, and keeps every field', async () => {
  const before = await recordTexts(store, target);

  expect((await muster('retry', '--cause', 'no-approvals')).code).toBe(64);
  expect(await muster('retry', '--cause', 'no-approval')).toMatchObject({ code: 0 });
  expect(await muster('retry', '--instance', HELD)).toMatchObject({ code: 0 });

  const after = await recordTexts(store, target);
  expect({ ...after, [UNFIT]: '' }).toEqual({ ...before, [UNFIT]: '' });
  expect(before[UNFIT]).toContain(`{"v":${NEXT_SCHEMA},"ring":2,`);
  expect(after[UNFIT]).toMatch(/^\d+\|discovered\|.*"ring":2/);
});

test('version tells the releases of this command and of the processes, of older and newer ones too', async () => {
  const { redisNowMs: readAtMs } = await store.ledger.clocks.all();
  const clock = { part: 'worker', offsetMs: 0, roundTripMs: 1, readAtMs, offSinceMs: null } as const;
  const { redis, keys } = store;
  const runs = {
    release: '9.0.0',
    commit: 'c0ffee',
    schema: NEXT_SCHEMA,
    readableFrom: 2,
    node: 'v26.0.0',
    more: 1,
  };
  await redis.hset(keys.clocks, 'host/1', JSON.stringify({ ...clock, name: 'host/1' }));
  await redis.hset(keys.clocks, 'host/2', JSON.stringify({ v: NEXT_SCHEMA, ...clock, name: 'host/2', runs }));

  const { stdout } = await muster('version', '--json');
  const { stdout: lines } = await muster('version');

  const { more: _more, ...known } = runs;
  expect(JSON.parse(stdout)).toMatchObject({
    release: thisRelease().release,
    schema: NEXT_SCHEMA - 1,
    node: process.version,
    unread: null,
    processes: [
      { name: 'host/1', part: 'worker' },
      { name: 'host/2', part: 'worker', ...known },
    ],
  });
  expect(lines).toMatch(/^2 releases run side by side: docs\/upgrade\.md$/m);
});

test('version answers without a configuration, with the commit that the environment names', async () => {
  const env = { ...baseEnvironment(), MUSTER_COMMIT: 'c0ffee' };

  const { code, stdout } = await runProgram([MUSTER_ENTRY, 'version'], { env, cwd: tmpdir() });

  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^muster \S+, commit c0ffee, schema \d+, Node v[\d.]+; reads ledgers from schema \d+$/m,
  );
  expect(stdout).toContain('the processes that run are not known: ');
});
