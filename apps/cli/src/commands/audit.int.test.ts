import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { lineOfEntry } from '@muster/core/control/audit/audit-entry';
import { anInstanceId, aRecord, aTarget } from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { baseEnvironment, MUSTER_ENTRY, runProgram } from '@muster/testing/supervised-process';
import { OFFLINE_FACTS, systemConfig, TEST_MARKER_KEY } from '@muster/testing/system-config';
import { afterAll, expect, test } from 'vitest';

const bench = useLedgerBench();
const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A ledger with a host that failed, and the command line on it. */
async function start() {
  const one = bench.create();
  const value = aRecord('failed', { instanceId: anInstanceId(1) });
  await one.ledger.coverage.putAccounts([
    { accountId: aTarget().accountId, name: 'payments', state: 'ACTIVE', ancestorIds: [] },
  ]);
  await one.ledger.enrollments.write(
    aTarget(),
    'each',
    [{ instanceId: value.instanceId, expected: 0, value }],
    [],
  );
  const { host = '', port = 0 } = one.redis.options;
  const [, prefix = ''] = /^\{(.*)\}/.exec(one.keys.owner) ?? [];
  const config = systemConfig(OFFLINE_FACTS, {
    muster: { redis: { url: `redis://${host}:${port}`, prefix } },
  });
  const file = join(folder, `${prefix}.yaml`);
  writeFileSync(file, JSON.stringify(config));
  const env = { ...baseEnvironment(), MUSTER_MARKER_KEY: TEST_MARKER_KEY, USER: 'ann' };
  const muster = (...args: string[]) =>
    runProgram([MUSTER_ENTRY, '--config', file, ...args], { env, cwd: folder });
  return { ...one, muster };
}

async function told({ ledger }: TestLedger): Promise<readonly string[]> {
  const entries = await ledger.audit.newest(50);
  return entries.map(({ entry }) => `${entry?.act} ${entry?.scope} ${entry?.result}`).toReversed();
}

test('each verb that acts leaves its entry, a dry run and a refused one none, and audit lists them', async () => {
  const one = await start();
  const { accountId } = aTarget();

  await one.muster('pause', '--account', accountId, '--dry-run');
  await one.muster('pause', '--account', '999999999999');
  expect(await told(one)).toEqual([]);
  const codes: (number | null)[] = [];
  for (const args of [
    ['pause', '--account', accountId, '--reason', 'network \u001b[31m work'],
    ['resume', '--account', accountId],
    ['retry', '--all'],
    ['cancel', '--all'],
    ['sweep', '--account', accountId],
  ]) {
    codes.push((await one.muster(...args)).code);
  }

  expect(codes).toEqual([0, 0, 0, 0, 0]);
  expect(await told(one)).toEqual([
    `pause account:${accountId} done`,
    `resume account:${accountId} done`,
    'retry all begun',
    'retry all done',
    'cancel all begun',
    'cancel all done',
    `sweep account:${accountId} done`,
  ]);
  const list = await one.muster('audit', '--act', 'pause', '--by', 'ann', '--since', '1h');
  expect(list.stdout).toContain(`ann from cli@${hostname()}`);
  expect(list.stdout).toContain('reason: network \\u001b[31m work');
  expect(list.stdout.trimEnd().split('\n')).toHaveLength(1);
  const [newest] = (await one.muster('audit', '--json', '--limit', '1')).stdout.trimEnd().split('\n');
  expect(JSON.parse(newest ?? '')).toMatchObject({ act: 'sweep', by: { name: 'ann', kind: 'cli' } });
}, 60_000);

test('an act that is none is a slip, and not an empty audit', async () => {
  const one = await start();

  expect(await one.muster('audit', '--act', 'brake')).toMatchObject({ code: 0, stdout: 'no entries\n' });
  expect(await one.muster('audit', '--act', 'puase')).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('there is no such act') as string,
  });
}, 60_000);

test('verify says that the chain holds, and ends with 1 at the first entry that does not, in Redis and in files', async () => {
  const one = await start();
  for (const verb of ['pause', 'resume', 'pause']) await one.muster(verb, '--all');
  const entries = await one.ledger.audit.after('', 10);
  const file = join(folder, 'audit.jsonl');
  const lines = entries.map(({ sealed }) => lineOfEntry(sealed));
  writeFileSync(join(folder, 'audit-2026-11-29.jsonl'), `${lines[0]}\n${lines[1]}\n`);
  writeFileSync(join(folder, 'audit-2026-11-30.jsonl'), `${lines[2]}\n`);

  const whole = await one.muster('audit', 'verify');
  const files = await one.muster('audit', 'verify', '--file', file);
  writeFileSync(join(folder, 'audit-2026-11-29.jsonl'), `${lines[0]}\n${lines[1]?.replace('ann', 'eve')}\n`);
  const forged = await one.muster('audit', 'verify', '--file', file);
  await one.redis.xdel(one.keys.audit, entries[1]?.id ?? '');
  const missing = await one.muster('audit', 'verify');

  expect([whole.code, whole.stdout]).toEqual([0, 'the chain holds: 3 entries, from number 1 to number 3\n']);
  expect([files.code, files.stdout]).toEqual([0, 'the chain holds: 3 entries, from number 1 to number 3\n']);
  expect(forged.code).toBe(1);
  expect(forged.stdout).toContain(
    'audit-2026-11-29.jsonl line 2: its hash is not that of its text: it was changed',
  );
  expect(missing.code).toBe(1);
  expect(missing.stdout).toContain(`entry ${entries[2]?.id}: entries 2 to 2 are missing before it`);
}, 60_000);
