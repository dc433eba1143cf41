import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anInstanceId, aRecord, aTarget } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { baseEnvironment, MUSTER_ENTRY, runProgram } from '@muster/testing/supervised-process';
import { OFFLINE_FACTS, systemConfig, TEST_MARKER_KEY } from '@muster/testing/system-config';
import { afterAll, expect, test } from 'vitest';

const bench = useLedgerBench();
const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A ledger in which a wave of many hosts waits for an approval, and the command line on it. */
async function start() {
  const { ledger, redis, keys } = bench.create();
  await ledger.approvals.ask({
    subject: 'wave:eu',
    hosts: 412,
    accounts: 31,
    grow: 0.1,
    detail: 'Wave eu begins with it.',
  });
  const value = { ...aRecord('queued'), instanceId: anInstanceId(1) };
  await ledger.enrollments.write(
    aTarget(),
    'each',
    [{ instanceId: value.instanceId, expected: 0, value }],
    [],
  );
  await redis.del(keys.due('install'));
  const { host = '', port = 0 } = redis.options;
  const [, prefix = ''] = /^\{(.*)\}/.exec(keys.owner) ?? [];
  const config = systemConfig(OFFLINE_FACTS, {
    muster: { redis: { url: `redis://${host}:${port}`, prefix } },
  });
  const file = join(folder, `${prefix}.yaml`);
  writeFileSync(file, JSON.stringify(config));
  const env = { ...baseEnvironment(), MUSTER_MARKER_KEY: TEST_MARKER_KEY, USER: 'ann' };
  const approve = (...args: string[]) =>
    runProgram([MUSTER_ENTRY, '--config', file, 'approve', ...args], { env, cwd: folder });
  return { ledger, approve };
}

test('without a subject it lists what waits, and a dry run says what an approval would pin and pins nothing', async () => {
  const { ledger, approve } = await start();

  const [list, dry] = await Promise.all([approve(), approve('eu', '--dry-run')]);

  const told = 'eu: 412 hosts in 31 accounts, may grow by 10 % before it must be approved again.';
  expect([list.code, dry.code]).toEqual([0, 0]);
  expect(list.stdout).toContain(told);
  expect(dry.stdout).toContain(told);
  expect(await ledger.approvals.approval('wave:eu')).toBeNull();
});

test('an approval says what it touches, pins that with who it was, and wakes the targets that waited', async () => {
  const { ledger, approve } = await start();

  const { code, stdout, stderr } = await approve('eu', '--yes');

  expect({ code, stdout }).toEqual({ code: 0, stdout: 'approved eu\n' });
  expect(stderr).toMatch(/^eu: 412 hosts in 31 accounts.*\n$/);
  expect(await ledger.approvals.approval('wave:eu')).toMatchObject({ hosts: 412, accounts: 31, by: 'ann' });
  expect((await ledger.due.count('install')).due).toBe(1);
  expect((await approve()).stdout).toBe('nothing waits for an approval\n');
});

test('a name that does not wait is a slip, and what waits is named', async () => {
  const { approve } = await start();

  const { code, stderr } = await approve('us');

  expect(code).toBe(64);
  expect(stderr).toBe('us does not wait for an approval: what waits: eu\n');
});
