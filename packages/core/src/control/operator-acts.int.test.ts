import { aBatchId, anInstanceId, anIntent, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { anOperator } from './actions/act.fixture.ts';
import { pauseScope, resumeScope } from './operator-acts.ts';
import { ALL, type Scope } from './scope.ts';

const bench = useLedgerBench();

/** Two accounts: a host that failed in each, one that cannot be sent to, and one whose command is live. */
async function fleet() {
  const { ledger } = bench.create();
  const [one, two] = [aTarget(0), aTarget(1)];
  const failed = aRecord('failed', { instanceId: anInstanceId(1) });
  const ineligible = aRecord('ineligible', { instanceId: anInstanceId(2) });
  const live = { ...aRecord('installing', { instanceId: anInstanceId(3) }), batchId: aBatchId() };
  const fresh = (value: typeof failed | typeof ineligible | typeof live) => ({
    instanceId: value.instanceId,
    expected: 0,
    value,
  });
  const intent = anIntent({ batchId: aBatchId(), instanceIds: [live.instanceId] });
  await ledger.enrollments.write(one, 'all', [failed, ineligible, live].map(fresh), [
    { batchId: intent.batchId, expected: 0, value: intent },
  ]);
  await ledger.enrollments.write(two, 'all', [fresh(failed)], []);
  const operator = anOperator(ledger);
  const retry = async (scope: Scope) => {
    const { accounts, hosts } = await operator.act('retry', { kind: 'scope', scope });
    return { accounts, hosts };
  };
  return { ledger, operator, deps: operator.deps, retry, one, two };
}

test('a retry of everything reaches all that failed and nothing that is under way', async () => {
  const { ledger, retry, one, two } = await fleet();

  const touched = await retry(ALL);

  expect(touched).toEqual({ accounts: 2, hosts: 3 });
  const states = [...(await ledger.enrollments.readAll(one)).values()].map(({ value }) => value.state);
  expect(states.toSorted()).toEqual(['discovered', 'installing', 'queued']);
  expect((await ledger.due.count('install')).due).toBe(2);
  // What could not be sent to is judged anew by a scan.
  expect((await ledger.due.count('scan')).due).toBe(1);
  expect((await ledger.enrollments.readAll(two)).size).toBe(1);
});

test.each<[Scope, number, number]>([
  [{ kind: 'account', value: aTarget(1).accountId }, 1, 1],
  [{ kind: 'instance', value: anInstanceId(2) }, 1, 1],
  [{ kind: 'cause', value: 'ec2-ssm-script-failure' }, 2, 2],
  [{ kind: 'cause', value: 'host-disk-full' }, 0, 0],
])('a retry reaches its scope alone: %j', async (scope, accounts, hosts) => {
  const { retry } = await fleet();

  expect(await retry(scope)).toEqual({ accounts, hosts });
});

test('a retry wakes a host that was put off, and leaves alone one that waits for nothing but its turn', async () => {
  const { ledger, deps, retry } = await fleet();
  const target = aTarget(2);
  const waiting = [0, deps.clock.now() + 600_000].map((readyAtMs, n) => ({
    instanceId: anInstanceId(10 + n),
    expected: 0,
    value: { ...aRecord('queued', { instanceId: anInstanceId(10 + n) }), readyAtMs },
  }));
  await ledger.enrollments.write(target, 'all', waiting, []);

  const touched = await retry({ kind: 'account', value: target.accountId });

  expect(touched).toEqual({ accounts: 1, hosts: 1 });
});

test('a cancel asks for the commands in its scope, of one host or of all', async () => {
  const { operator, one } = await fleet();
  const cancel = (scope: Scope) => operator.act('cancel', { kind: 'scope', scope });

  const all = await cancel({ kind: 'account', value: one.accountId });
  const single = await cancel({ kind: 'instance', value: anInstanceId(3) });
  const none = await cancel({ kind: 'instance', value: anInstanceId(1) });

  expect(all).toMatchObject({ accounts: 1, hosts: 1 });
  expect([single.hosts, none.hosts]).toEqual([1, 0]);
  expect(operator.cancels).toEqual([
    { target: one, batchId: aBatchId(), instanceId: null },
    { target: one, batchId: aBatchId(), instanceId: anInstanceId(3) },
  ]);
});

test('a resume ends the pause and the notes of its scope, and no other', async () => {
  const { ledger, deps, one, two } = await fleet();
  const scopes = [one, two].map(({ accountId }): Scope => ({ kind: 'account', value: accountId }));
  const [first = ALL, second = ALL] = scopes;
  for (const scope of scopes) await pauseScope(deps, scope, 'maintenance');
  for (const { accountId } of [one, two]) {
    await ledger.control.raise({
      kind: 'foreign-markers',
      scope: `account:${accountId}`,
      sinceMs: NOW_MS,
      message: 'm',
      remedy: 'r',
    });
  }

  expect(await resumeScope(deps, first)).toBe(true);

  expect((await ledger.control.pauses()).map(({ scope }) => scope)).toEqual([`account:${two.accountId}`]);
  expect((await ledger.control.findings()).map(({ scope }) => scope)).toEqual([`account:${two.accountId}`]);
  expect(await resumeScope(deps, first)).toBe(false);
  expect(await resumeScope(deps, second)).toBe(true);
});

test('a retry of more hosts than a first step has a ramp, which each of its records names; one of a few has none', async () => {
  const { ledger, retry, one, two } = await fleet();

  expect(await retry({ kind: 'account', value: two.accountId })).toMatchObject({ hosts: 1 });
  expect(await ledger.ramps.all()).toEqual([]);

  await retry(ALL);
  const [few] = await ledger.ramps.all();
  expect(few).toBeUndefined();

  const failed = [11, 12, 13].map((n) => aRecord('failed', { instanceId: anInstanceId(n) }));
  const changes = failed.map((value) => ({ instanceId: value.instanceId, expected: 0, value }));
  await ledger.enrollments.write(one, 'each', changes, []);
  await retry({ kind: 'cause', value: failed[0]?.cause ?? 'host-disk-full' });

  const [ramp] = await ledger.ramps.all();
  expect(ramp).toMatchObject({ kind: 'retry', subject: `cause:${failed[0]?.cause}`, step: { size: 2 } });
  const records = await ledger.enrollments.read(
    one,
    failed.map(({ instanceId }) => instanceId),
  );
  expect([...records.values()].map(({ value }) => value.ramp)).toEqual([ramp?.id, ramp?.id, ramp?.id]);
});

test('a resume after a brake begins with a ramp of its scope, and one after a pause does not', async () => {
  const { ledger, deps, one, two } = await fleet();
  await pauseScope(deps, { kind: 'account', value: two.accountId }, 'maintenance');
  await resumeScope(deps, { kind: 'account', value: two.accountId });
  expect(await ledger.ramps.all()).toEqual([]);

  const scope = `account:${one.accountId}` as const;
  await ledger.control.pause({ scope, atMs: NOW_MS, by: 'brake', reason: '' });
  await resumeScope(deps, { kind: 'account', value: one.accountId });
  expect(await ledger.ramps.all()).toMatchObject([{ id: `r:${scope}`, kind: 'resume', subject: scope }]);

  await ledger.control.pause({ scope: 'all', atMs: NOW_MS, by: 'brake', reason: '' });
  await resumeScope(deps, ALL);
  expect((await ledger.ramps.all()).find(({ id }) => id === 'r:all')).toMatchObject({ waiting: 2 });
});

test('a resume begins a ramp that has stopped anew, and ends what is told of it', async () => {
  const { ledger, deps } = await fleet();
  const rule = { first: 2, factor: 2, success: 0.9, off: false };
  await ledger.ramps.begin('m:1', { kind: 'matcher', subject: 'aws[0]', nowMs: NOW_MS }, rule, 'once');
  const [ramp] = await ledger.ramps.all();
  if (ramp === undefined) throw new Error('it has begun');
  expect(await ledger.ramps.decide(ramp, { kind: 'stop' }, NOW_MS)).toBe(true);
  await ledger.control.raise({
    kind: 'ramp-stopped',
    scope: 'm:1',
    sinceMs: NOW_MS,
    message: '',
    remedy: '',
  });

  await resumeScope(deps, ALL);

  expect(await ledger.ramps.all()).toMatchObject([{ id: 'm:1', stoppedAtMs: null, step: { size: 2 } }]);
  expect(await ledger.control.findings()).toEqual([]);
  // What was decided on the ramp before is about no step of this one.
  expect(await ledger.ramps.decide(ramp, { kind: 'grow', size: 99, carried: 0 }, NOW_MS)).toBe(false);
});

test('the ramp of a resume waits for no target in which nothing waits', async () => {
  const { ledger, deps } = await fleet();
  for (const n of [5, 6, 7]) {
    const value = aRecord('joined', { instanceId: anInstanceId(50 + n) });
    const { instanceId } = value;
    await ledger.enrollments.write(aTarget(n), 'all', [{ instanceId, expected: 0, value }], []);
  }
  await ledger.control.pause({ scope: 'all', atMs: NOW_MS, by: 'brake', reason: '' });

  await resumeScope(deps, ALL);

  expect(await ledger.ramps.all()).toMatchObject([{ id: 'r:all', waiting: 2 }]);
});
