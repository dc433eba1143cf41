import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aCoverage, anAccountId, anInstanceId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { type LedgerBench, startLedgerBench } from '@muster/testing/ledger-bench';
import {
  baseEnvironment,
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
} from '@muster/testing/supervised-process';
import { OFFLINE_FACTS, systemConfig } from '@muster/testing/system-config';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** Two accounts, of which one cannot be entered, and in the other three hosts. */
const target = aTarget();
const [FAILED, LATER, JOINED] = [anInstanceId(1), anInstanceId(2), anInstanceId(3)];
const CLOSED = anAccountId(1);
/** What an owner may call an account and a host. */
const NASTY = '=HYPERLINK("//x")\n\u001B[31mred';
const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
let bench: LedgerBench;

beforeAll(async () => {
  bench = await startLedgerBench();
  const { ledger, redis, keys } = bench.create();
  const account = { state: 'ACTIVE', ancestorIds: ['r-ab12'] } as const;
  await ledger.coverage.putAccounts([
    { ...account, accountId: target.accountId, name: 'payments' },
    { ...account, accountId: CLOSED, name: NASTY },
  ]);
  await ledger.coverage.putRegions(target.accountId, [target.region], NOW_MS);
  await ledger.coverage.put(target, aCoverage({ completeAtMs: NOW_MS, attemptedAtMs: NOW_MS }));
  await ledger.coverage.denyAccount(
    CLOSED,
    aCoverage({
      status: 'denied',
      cause: 'ec2-perm-account-denied',
      completeAtMs: null,
      detail: 'sts:AssumeRole',
    }),
  );
  const records = [
    { ...aRecord('failed'), instanceId: FAILED, attemptCount: 3, tags: { Name: NASTY } },
    { ...aRecord('failed'), instanceId: LATER, attemptCount: 20 },
    { ...aRecord('joined'), instanceId: JOINED },
  ];
  await ledger.enrollments.write(
    target,
    'each',
    records.map((value) => ({ instanceId: value.instanceId, expected: 0, value })),
    [],
  );
  const { host = '', port = 0 } = redis.options;
  const [, prefix = ''] = /^\{(.*)\}/.exec(keys.owner) ?? [];
  const config = systemConfig(OFFLINE_FACTS, {
    muster: { redis: { url: `redis://${host}:${port}`, prefix } },
  });
  writeFileSync(join(folder, 'muster.yaml'), JSON.stringify(config));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await bench.disconnect();
  await bench.stop();
});

function muster(...args: string[]): Promise<CommandResult> {
  return runProgram([MUSTER_ENTRY, ...args], { env: baseEnvironment(), cwd: folder });
}

async function rows(...args: string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { code, stdout, stderr } = await muster(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

test('instances stand in columns under headings, with the names of hosts and accounts', async () => {
  const { stdout } = await muster('instances', '--state', 'failed');

  const [headings = '', ...lines] = stdout.trimEnd().split('\n');
  expect(headings.split(/ {2,}/)).toEqual([
    'instance',
    'name',
    'account',
    'account name',
    'region',
    'state',
    'since',
    'cause',
    'waits for',
    'next attempt',
  ]);
  expect(lines).toHaveLength(2);
  const at = headings.indexOf('account name');
  for (const line of lines) expect(line.slice(at, at + 8)).toBe('payments');
});

test('rows are sorted as figures, down where it is asked for, and cut with a word about the rest', async () => {
  const sorted = await rows('instances', '--sort', '-attempts', '--fields', 'attempts,instanceId', '--json');
  expect(sorted.map(({ attempts }) => attempts)).toEqual(
    [20, 3, aRecord('joined').attemptCount].toSorted((a, b) => b - a),
  );
  expect(Object.keys(sorted[0] ?? {})).toEqual(['attempts', 'instanceId']);

  const { stdout, stderr } = await muster('instances', '--sort', '-attempts', '--limit', '1');
  expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(stdout).toContain(LATER);
  expect(stderr).toBe('… and 2 more (--limit 0 shows all)\n');
});

test('CSV holds no formula and no control character, one record a line', async () => {
  const { stdout } = await muster(
    'instances',
    '-o',
    'csv',
    '--fields',
    'instanceId,name',
    '--state',
    'failed',
  );

  expect(stdout.split('\r\n')).toEqual([
    '"instanceId","name"',
    `"${FAILED}","'=HYPERLINK(""//x"") \\u001b[31mred"`,
    `"${LATER}",""`,
    '',
  ]);
});

test('accounts show the sum of their hosts, and of one that cannot be entered why', async () => {
  expect(await rows('accounts', '--json')).toEqual([
    expect.objectContaining({
      accountId: target.accountId,
      name: 'payments',
      status: 'complete',
      hosts: 3,
      joined: 1,
      failed: 2,
      lastCompleteAt: new Date(NOW_MS).toISOString(),
    }),
    expect.objectContaining({
      accountId: CLOSED,
      status: 'denied',
      cause: 'ec2-perm-account-denied',
      detail: 'sts:AssumeRole',
      hosts: 0,
      lastCompleteAt: null,
    }),
  ]);
  const { stdout } = await muster('accounts', '--sort', '-failed');
  expect(stdout).toContain(String.raw`=HYPERLINK("//x")\n`);
});

test('coverage lists what was not read, and counts the rest', async () => {
  const { stdout } = await muster('coverage');

  expect(stdout).toContain(CLOSED);
  expect(stdout).not.toContain(target.accountId);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('1 of 2 targets are complete');
});

test('color is for those who ask for it, or sit at a terminal', async () => {
  const plain = await muster('instances', '--state', 'failed');
  const colored = await muster('--color', 'instances', '--state', 'failed');

  expect(plain.stdout).not.toContain('\u001B[');
  expect(colored.stdout).toContain('\u001B[31mfailed\u001B[39m');
  // What an owner wrote colors nothing.
  expect(colored.stdout).toContain(String.raw`=HYPERLINK("//x")\n\u00`);
  expect(colored.stdout).not.toContain('\u001B[31mred');
});

test.each([
  ['instances', '--sort', 'age', '--sort age: instances have no such field; there are instanceId, name'],
  ['accounts', '--fields', 'accountId,age', '--fields age: accounts have no such field'],
  ['findings', '--limit', 'many', '--limit many: must be a whole number'],
  ['coverage', '-o', 'xml', '-o xml: use table, json or csv'],
  ['instances', '--account', '12', '--account 12: an AWS account id has 12 digits'],
  ['instances', '--account', '999999999999', '--account 999999999999: no such account is in scope'],
  ['explain', 'i-1', '', 'i-1: an EC2 instance id looks like i-0123456789abcdef0'],
])('%s %s %s is refused', async (verb, option, value, message) => {
  const { code, stdout, stderr } = await muster(verb, option, ...(value === '' ? [] : [value]));

  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain(message);
});
