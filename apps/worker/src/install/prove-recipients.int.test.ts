import type { AccountId, InstanceId, Region } from '@muster/core/organization/ids';
import { targetId, type Target } from '@muster/core/organization/target';
import { forgeAccount, forgeCandidate, forgeRegions } from '@muster/testing/forger';
import { organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const install = (bench: WorkerBench, target = TARGET) => bench.run('install-batch', { target });

/** The key of the n-th matcher of the bench's configuration. */
function matcherKey(bench: WorkerBench, n = 0): string {
  const matcher = bench.deps.config.matchers[n];
  if (matcher === undefined) throw new Error('there is such a matcher');
  return matcher.key;
}

/** A candidate by another client than Muster. */
function forge(
  bench: WorkerBench,
  id: string,
  { target = TARGET, key = matcherKey(bench) }: { readonly target?: Target; readonly key?: string } = {},
): Promise<void> {
  return forgeCandidate(bench.store, target, id, key, bench.now());
}

async function findingOf(bench: WorkerBench, scope: string): Promise<string> {
  const findings = await bench.ledger.control.findings();
  return findings.find((one) => one.kind === 'ledger-untrusted' && one.scope === scope)?.message ?? 'none';
}

/** Ids of instances that a command of ours was sent to. */
async function sentTo(bench: WorkerBench): Promise<readonly string[]> {
  return (await bench.commands()).flatMap(({ invocations }) => invocations.map((one) => one.instanceId));
}

test('an instance that no matcher selects is left out of a command, told, and judged anew; the others are sent to', async () => {
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(2), ...someInstances(1, { tags: { env: 'dev' } }, 2)]),
    speed: 1,
  });
  await bench.scanned();
  await forge(bench, instanceId(2));

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });

  expect((await sentTo(bench)).toSorted()).toEqual([instanceId(0), instanceId(1)]);
  expect((await bench.record(instanceId(2))).state).toBe('unmatched');
  expect(await findingOf(bench, targetId(TARGET))).toContain(
    `${instanceId(2)} (its tags are not what any matcher selects)`,
  );
  expect(await bench.ledger.caps.places()).toHaveLength(2);
});

test('an instance with an excluded tag, or the opt-out tag, is not sent to whatever the ledger says', async () => {
  const excluded = [{ keep: 'out' }, { 'muster:opt-out': 'yes' }];
  const bench = await startWorkerBench({
    world: (() => aWorld(someInstances(2)))(),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), exclude_tags: { keep: 'out' } }] },
    }),
  });
  for (const [n, tags] of excluded.entries()) {
    await bench.aws.change({
      op: 'set-tags',
      instanceId: instanceId(n),
      tags: { ...bench.facts.matchTags, ...tags },
    });
  }
  await bench.scanned();
  expect(await bench.states()).toEqual({});
  for (const n of [0, 1]) await forge(bench, instanceId(n));

  expect(await install(bench)).toMatchObject({ sent: 0 });

  expect(await sentTo(bench)).toEqual([]);
  expect(await bench.states()).toEqual({ unmatched: 2 });
  expect(await findingOf(bench, targetId(TARGET))).toContain('The ledger had work for 2 instances');
});

test('a region that only Redis lists is not in scope: nothing is read there or sent to it', async () => {
  const elsewhere: Target = { accountId: ACCOUNT, region: 'us-east-1' as Region };
  const [inScope] = someInstances(1);
  const bench = await startWorkerBench({
    world: aWorld([inScope ?? { region: '' }, { region: elsewhere.region, id: instanceId(7) }]),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), regions: [TARGET.region] }] },
    }),
  });
  await bench.scanned();
  await forgeRegions(bench.store, ACCOUNT, [TARGET.region, elsewhere.region]);
  await forge(bench, instanceId(7), { target: elsewhere });
  bench.front.calls.splice(0);

  await install(bench, elsewhere);
  const found = await findingOf(bench, targetId(elsewhere));
  await bench.run('scan-target', { target: elsewhere });

  expect(bench.front.calls).toEqual([]);
  expect(await sentTo(bench)).toEqual([]);
  expect(found).toContain(`${instanceId(7)} (no matcher covers its region)`);
  expect(await bench.states(elsewhere)).toEqual({ unmatched: 1 });
  await bench.run('list-regions', { accountId: ACCOUNT });
  expect((await bench.ledger.coverage.account(ACCOUNT))?.regions).toEqual([TARGET.region]);
});

test('an account that no listing shows is not entered, and its target is retired', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1)),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), exclude_accounts: [ACCOUNT] }] },
    }),
  });
  await bench.discover();
  await forge(bench, instanceId(0));
  bench.front.calls.splice(0);

  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'out-of-scope' });

  expect(bench.front.calls).toEqual([]);
  expect(await findingOf(bench, targetId(TARGET))).toContain('no listing of accounts shows its account');
  await bench.run('scan-target', { target: TARGET });
  expect(await bench.states()).toEqual({ gone: 1 });
  expect(bench.front.calls).toEqual([]);
});

test('an account that Redis adds to those in scope is not entered', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1)),
    config: (facts) => ({
      discovery_service: { aws: [{ ...organizationMatcher(facts), exclude_accounts: [ACCOUNT] }] },
    }),
  });
  await bench.discover();
  await forgeAccount(bench.store, ACCOUNT, {});
  await forgeRegions(bench.store, ACCOUNT, [TARGET.region]);
  await forge(bench, instanceId(0));
  bench.front.calls.splice(0);

  await install(bench);
  await bench.run('scan-target', { target: TARGET });
  await bench.run('list-regions', { accountId: ACCOUNT });

  expect(bench.front.calls).toEqual([]);
  expect(await sentTo(bench)).toEqual([]);
});

test('ids that are no EC2 instances are taken off the list of candidates, and told', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  await forge(bench, 'mi-0123456789abcdef0');
  await forge(bench, '../../etc/passwd');

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 1 });

  expect(await sentTo(bench)).toEqual([instanceId(0)]);
  expect(await findingOf(bench, targetId(TARGET))).toContain(
    'mi-0123456789abcdef0 (this is no EC2 instance)',
  );
  expect(await bench.ledger.enrollments.nextCandidateAt(TARGET)).toBeNull();
});

test('an id that EC2 does not show here holds up no other host, and is told', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  await forge(bench, instanceId(999));

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 1 });

  expect(await bench.cause(instanceId(999))).toBe('ec2-instance-elsewhere');
  expect(await findingOf(bench, targetId(TARGET))).toContain(`${instanceId(999)} (EC2 does not show it`);
  await bench.run('scan-target', { target: TARGET });
  expect((await bench.record(instanceId(999))).state).toBe('gone');
});

test('an instance is sent to by the first matcher in file order that selects it, whatever its record says', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1, { tags: { team: 'red' } })),
    config: (facts) => ({
      discovery_service: {
        aws: [
          {
            ...organizationMatcher(facts),
            tags: { team: 'red' },
            install: { join_params: { token_name: 'red-token', method: 'iam' } },
          },
          { ...organizationMatcher(facts), tags: { '*': '*' } },
        ],
      },
    }),
  });
  await bench.discover();
  await forge(bench, instanceId(0), { key: matcherKey(bench, 1) });

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 1 });

  const [command] = await bench.commands();
  expect(command?.parameters['commands']?.join('\n')).toContain('red-token');
  expect(await findingOf(bench, targetId(TARGET))).toContain('its tags give it to discovery_service.aws[0]');
});

test('what has merely stopped or ended since the scan is recorded as a scan would, and is no finding', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(3)) });
  await bench.scanned();
  await bench.aws.change(
    { op: 'stop-instance', instanceId: instanceId(0) },
    { op: 'terminate-instance', instanceId: instanceId(1) },
  );

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 1 });

  expect(await bench.states()).toEqual({ stopped: 1, gone: 1, installing: 1 });
  expect(await bench.findings()).toEqual([]);
});

test('a note about tags that an owner changed goes away after the next complete scan and listing', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  await bench.aws.change({ op: 'set-tags', instanceId: instanceId(0), tags: { env: 'dev' } });
  await install(bench);
  expect(await bench.findings()).toEqual([`ledger-untrusted ${targetId(TARGET)}`]);

  await bench.run('list-accounts', {});
  expect(await bench.findings()).toEqual([`ledger-untrusted ${targetId(TARGET)}`]);
  bench.advance(bench.deps.config.pollIntervalMs + 1);
  await bench.run('list-accounts', {});
  expect(await bench.findings()).toEqual([`ledger-untrusted ${targetId(TARGET)}`]);
  await bench.run('scan-target', { target: TARGET });
  await bench.run('list-accounts', {});

  expect(await bench.findings()).toEqual([]);
});

test('a batch costs one DescribeInstances, whatever its size', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(120)),
    config: { muster: { limits: { installs_in_flight_per_target: 200 } } },
    speed: 1,
  });
  await bench.scanned();
  bench.front.calls.splice(0);

  expect(await install(bench)).toMatchObject({ sent: 3, instances: 120 });

  expect(bench.front.count('DescribeInstances')).toBe(3);
  expect(bench.front.count('SendCommand')).toBe(3);
});

test('a throttled look at the recipients waits, and gives its room back', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.aws.change({ op: 'add-fault', fault: { kind: 'throttle', apis: ['ec2:DescribeInstances'] } });

  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'throttled' });

  expect(await bench.states()).toEqual({ queued: 2 });
  expect(await bench.ledger.caps.places()).toEqual([]);
  expect((await bench.dueAt('install', targetId(TARGET))) ?? 0).toBeGreaterThan(bench.now());
  await bench.aws.change({ op: 'clear-faults' });
  bench.advance(bench.deps.timings.retryMs);
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test('a role that may not look at the recipients sends nothing, and they say why', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions: ['ec2:DescribeInstances'] });

  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'denied' });

  expect(await bench.cause(instanceId(0))).toBe('ec2-perm-account-denied');
  expect(bench.front.count('SendCommand')).toBe(0);
  expect(await bench.ledger.caps.places()).toEqual([]);
});

test('a look at the recipients that takes longer than the send window is given up', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  bench.front.before = (operation) => {
    if (operation === 'DescribeInstances') bench.advance(bench.deps.config.install.sendWindowMs + 1);
  };

  expect(await install(bench)).toMatchObject({ sent: 0 });

  expect(bench.front.count('SendCommand')).toBe(0);
  expect(await bench.states()).toEqual({ queued: 1 });
});

test('an instance in a shared subnet is its owner’s, not this account’s', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  const other = '444455556666' as AccountId;
  bench.front.rewrite = (operation, answer) =>
    operation === 'DescribeInstances'
      ? {
          ...answer,
          body: answer.body.replaceAll(`<ownerId>${ACCOUNT}</ownerId>`, `<ownerId>${other}</ownerId>`),
        }
      : answer;

  expect(await install(bench)).toMatchObject({ sent: 0 });

  expect(await bench.cause(instanceId(0) satisfies InstanceId)).toBe('ec2-instance-elsewhere');
});
