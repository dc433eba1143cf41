import { aBatchId, anInstanceId, anIntent, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { EnrollmentState } from '../enrollment/record.ts';
import type { Target } from '../organization/target.ts';
import type { Ledger } from './ledger.ts';
import { readResumeEffects } from './resume-effects.ts';
import { ALL, type Scope } from './scope.ts';
import { type Act, describeTouched, readTouched } from './touched-hosts.ts';

const bench = useLedgerBench();

const HELD = { limits: { holdFirstSend: true } } as Parameters<typeof readResumeEffects>[1];

let next = 0;

async function put(ledger: Ledger, target: Target, states: readonly EnrollmentState[]): Promise<void> {
  const changes = states.map((state) => {
    next += 1;
    return {
      instanceId: anInstanceId(next),
      expected: 0,
      value: aRecord(state, { instanceId: anInstanceId(next) }),
    };
  });
  await ledger.enrollments.write(target, 'all', changes, []);
}

/** Seven accounts: the first has two regions, in which more hosts failed than elsewhere. */
async function fleet(): Promise<Ledger> {
  next = 0;
  const { ledger } = bench.create();
  await put(ledger, aTarget(0), ['failed', 'failed', 'queued', 'joined']);
  await put(ledger, aTarget(0, 'us-east-1'), ['failed', 'ineligible']);
  for (let n = 1; n < 7; n += 1) await put(ledger, aTarget(n), n === 3 ? ['failed', 'failed'] : ['failed']);
  await ledger.coverage.putAccounts([
    { accountId: aTarget(3).accountId, name: 'payments', state: 'ACTIVE', ancestorIds: [] },
  ]);
  return ledger;
}

const account = (n: number): Scope => ({ kind: 'account', value: aTarget(n).accountId });

test.each<[Act, Scope, number, number]>([
  ['retry', ALL, 11, 7],
  ['retry', account(0), 4, 1],
  ['retry', { kind: 'region', value: aTarget(0, 'us-east-1').region }, 2, 1],
  ['retry', { kind: 'cause', value: 'ec2-ssm-script-failure' }, 10, 7],
  ['retry', { kind: 'instance', value: anInstanceId(1) }, 1, 1],
  // Its host waits, has joined, or is none.
  ['retry', { kind: 'instance', value: anInstanceId(3) }, 0, 0],
  ['retry', { kind: 'instance', value: anInstanceId(999) }, 0, 0],
  ['pause', ALL, 11, 7],
  ['pause', account(0), 4, 1],
  ['pause', { kind: 'instance', value: anInstanceId(3) }, 1, 1],
  ['pause', { kind: 'instance', value: anInstanceId(4) }, 0, 0],
  ['cancel', ALL, 0, 0],
])('%s %j touches %i hosts in %i accounts', async (act, scope, hosts, accounts) => {
  expect(await readTouched(await fleet(), act, scope)).toMatchObject({ hosts, accounts });
});

test('five accounts are named, the one with the most hosts first', async () => {
  const touched = await readTouched(await fleet(), 'retry', ALL);

  expect(touched.some.map(({ hosts }) => hosts)).toEqual([4, 2, 1, 1, 1]);
  expect(describeTouched(touched)).toMatch(
    new RegExp(
      `^This touches 11 hosts in 7 accounts: ${aTarget(0).accountId} \\(4\\), ${aTarget(3).accountId} payments \\(2\\), .* and 2 more\\.$`,
    ),
  );
  expect(describeTouched({ hosts: 0, accounts: 0, some: [] })).toBe('This touches no host.');
});

test('a cancel touches the hosts of live commands, and of one host that host alone', async () => {
  const { ledger } = bench.create();
  const ids = [anInstanceId(1), anInstanceId(2)];
  const intent = anIntent({ batchId: aBatchId(), instanceIds: ids });
  const changes = ids.map((instanceId) => ({
    instanceId,
    expected: 0,
    value: { ...aRecord('installing', { instanceId }), batchId: aBatchId() },
  }));
  const entry = { batchId: intent.batchId, expected: 0, value: intent };
  await ledger.enrollments.write(aTarget(), 'all', changes, [entry]);

  expect(await readTouched(ledger, 'cancel', ALL)).toMatchObject({ hosts: 2, accounts: 1 });
  const single = await readTouched(ledger, 'cancel', { kind: 'instance', value: anInstanceId(2) });
  expect(single).toMatchObject({ hosts: 1, accounts: 1 });
});

test('a resume names what it ends, and leaves out the hosts that stay paused', async () => {
  const ledger = await fleet();
  const pause = { atMs: NOW_MS, by: 'operator', reason: 'network work' } as const;
  await ledger.control.pause({ ...pause, scope: 'all' });
  await ledger.control.pause({ ...pause, scope: `account:${aTarget(3).accountId}` });
  const note = { sinceMs: NOW_MS, message: 'm', remedy: 'r' };
  await ledger.control.raise({ ...note, kind: 'ledger-rebuilt', scope: 'all' });
  await ledger.control.raise({ ...note, kind: 'brake-engaged', scope: 'all' });

  const { ends, stillPaused } = await readResumeEffects(ledger, HELD, ALL);

  expect(ends).toEqual([
    'the pause of every account by an operator: network work',
    'the brake on every account',
    'the hold before the first send',
    'the finding ledger-rebuilt of all',
  ]);
  expect(stillPaused).toEqual([`account:${aTarget(3).accountId}`]);
  const touched = await readTouched(ledger, 'resume', ALL, new Set(stillPaused));
  expect(touched).toMatchObject({ hosts: 9, accounts: 6 });
});

test('a resume of an account while everything is paused lets no host go', async () => {
  const ledger = await fleet();
  for (const scope of ['all', `account:${aTarget(3).accountId}`] as const) {
    await ledger.control.pause({ scope, atMs: NOW_MS, by: 'operator', reason: '' });
  }

  const { ends, stillPaused } = await readResumeEffects(ledger, HELD, account(3));

  expect(ends).toEqual([`the pause of account ${aTarget(3).accountId} by an operator`]);
  expect(await readTouched(ledger, 'resume', account(3), new Set(stillPaused))).toMatchObject({ hosts: 0 });
});

test('the answer about everything counts in no targets but those of the accounts it names', async () => {
  const { ledger } = bench.create();
  for (let n = 0; n < 30; n += 1) await put(ledger, aTarget(n), ['failed']);
  const asked: Target[] = [];
  const countsIn: Ledger['enrollments']['countsIn'] = (targets, ...held) => {
    asked.push(...targets);
    return ledger.enrollments.countsIn(targets, ...held);
  };

  const counting = { ...ledger, enrollments: { ...ledger.enrollments, countsIn } };

  expect(await readTouched(counting, 'retry', ALL)).toMatchObject({ hosts: 30, accounts: 30 });
  expect(asked).toHaveLength(5);
});
