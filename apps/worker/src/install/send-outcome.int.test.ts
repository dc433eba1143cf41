import { causeFacts, type Cause } from '@muster/core/enrollment/cause';
import { targetId } from '@muster/core/organization/target';
import { organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const install = (bench: WorkerBench) => bench.run('install-batch', { target: TARGET });

/** The cause of every instance, by its number. */
async function causes(bench: WorkerBench, count: number): Promise<readonly (string | null)[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => bench.cause(instanceId(n))));
}

/** What a refused send leaves: no intent and no place. */
async function expectClosed(bench: WorkerBench): Promise<void> {
  expect(await bench.intents()).toEqual([]);
  expect(await bench.ledger.caps.places()).toEqual([]);
  expect(bench.aws.report().commands.sent).toBe(0);
}

async function dueInMs(bench: WorkerBench): Promise<number> {
  return ((await bench.dueAt('install', targetId(TARGET))) ?? 0) - bench.now();
}

test('ids that SSM names as invalid are dropped, and the others are sent to by the same job', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(10)), speed: 1 });
  await bench.scanned();
  beforeSend(bench, () =>
    bench.aws.change(
      { op: 'set-ssm', instanceId: instanceId(3), ssm: null },
      { op: 'terminate-instance', instanceId: instanceId(7) },
    ),
  );

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 8 });

  expect(bench.front.count('SendCommand')).toBe(2);
  expect(await bench.sentSizes()).toEqual([8]);
  expect(await bench.states()).toEqual({ installing: 8, failed: 2 });
  expect([await bench.cause(instanceId(3)), await bench.cause(instanceId(7))]).toEqual([
    'ec2-ssm-agent-not-registered',
    'ec2-instance-not-running',
  ]);
  expect(await bench.intent()).toMatchObject({ instanceIds: expect.not.arrayContaining([instanceId(3)]) });
});

/** Happens once, after EC2 was asked about the recipients and before the first command arrives. */
function beforeSend(bench: WorkerBench, happens: () => Promise<unknown>): void {
  let happened = false;
  bench.front.before = async (operation) => {
    if (operation !== 'SendCommand' || happened) return;
    happened = true;
    await happens();
  };
}

/** Lets SSM refuse these instances whatever their state, once; EC2 and SSM's inventory go on telling the truth. */
function refuseByName(bench: WorkerBench, ids: readonly string[]): void {
  let refused = false;
  bench.front.rewrite = (operation, answer) => {
    if (operation !== 'SendCommand' || refused) return answer;
    refused = true;
    return {
      status: 400,
      body: JSON.stringify({
        __type: 'InvalidInstanceId',
        Message: `Instances [[${ids.join(', ')}]] not in a valid state for account ${ACCOUNT}`,
      }),
    };
  };
}

test('the reasons of InvalidInstanceId are told apart, each with a cause of its own', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(7)), speed: 1 });
  await bench.scanned();
  // One that EC2 no longer shows here: as in another account or region.
  const elsewhere = instanceId(4);
  refuseByName(bench, [0, 1, 2, 3, 4, 5].map(instanceId));
  beforeSend(bench, async () => {
    await bench.aws.change(
      { op: 'set-ssm', instanceId: instanceId(0), ssm: null },
      { op: 'terminate-instance', instanceId: instanceId(1) },
      { op: 'stop-instance', instanceId: instanceId(2) },
      { op: 'set-ssm', instanceId: instanceId(3), ssm: { pingStatus: 'ConnectionLost' } },
    );
    const refuse = bench.front.rewrite;
    bench.front.rewrite = (operation, answer) =>
      operation === 'DescribeInstances'
        ? { ...answer, body: answer.body.replaceAll(elsewhere, 'hidden') }
        : refuse(operation, answer);
  });

  await install(bench);

  expect(await causes(bench, 6)).toEqual([
    'ec2-ssm-agent-not-registered',
    'ec2-instance-not-running',
    'ec2-instance-not-running',
    'ec2-ssm-agent-connection-lost',
    'ec2-instance-elsewhere',
    'ec2-ssm-node-refused',
  ]);
  const remedies = (await causes(bench, 6)).map((cause) => causeFacts(cause as Cause).remedy);
  expect(new Set(remedies).size).toBe(5);
});

test('a host that the role may not send to holds up no other host of its batch', async () => {
  const closed = new Set<string>([instanceId(2), instanceId(4)]);
  const hosts = someInstances(6).map((host) =>
    closed.has(host.id ?? '') ? { ...host, tags: { env: 'prod', team: 'closed' } } : host,
  );
  const bench = await startWorkerBench({
    world: aWorld(hosts, { access: { shieldTags: { team: 'closed' } } }),
    speed: 1,
  });
  await bench.scanned();

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 4 });

  expect(bench.front.count('SendCommand')).toBe(3);
  expect(await causes(bench, 6)).toEqual([
    null,
    null,
    'ec2-ssm-node-refused',
    null,
    'ec2-ssm-node-refused',
    null,
  ]);
  expect((await bench.ledger.control.findings()).filter(({ kind }) => kind === 'send-refused')).toEqual([]);
});

test('two calls tell the reasons for the whole batch, and a question that AWS does not answer holds up nothing', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(6)), speed: 1 });
  await bench.scanned();
  refuseByName(bench, [0, 1, 2].map(instanceId));
  const before = ['DescribeInstances', 'DescribeInstanceInformation'].map((api) => bench.front.count(api));
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'throttle', apis: ['ssm:DescribeInstanceInformation'] },
  });

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 3 });

  // One for each of the two batches' recipients, and one for the reasons.
  expect(bench.front.count('DescribeInstances')).toBe((before[0] ?? 0) + 3);
  expect(await causes(bench, 3)).toEqual(Array.from({ length: 3 }, () => 'ec2-ssm-agent-not-registered'));
  expect(await bench.states()).toEqual({ installing: 3, failed: 3 });
});

test('where SSM names no instance, the batch is halved until the culprit stands alone', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(4)), speed: 1 });
  await bench.scanned();
  await bench.aws.change({ op: 'set-ssm', instanceId: instanceId(3), ssm: null });
  bench.front.rewrite = (operation, answer) =>
    operation === 'SendCommand'
      ? { ...answer, body: answer.body.replaceAll(/\[\[i-[^\]]*\]\]/g, '[[]]') }
      : answer;

  expect(await install(bench)).toMatchObject({ sent: 2, instances: 3 });

  expect(await bench.sentSizes()).toEqual([2, 1]);
  expect(await causes(bench, 4)).toEqual([null, null, null, 'ec2-ssm-agent-not-registered']);
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0, perInstance: { '1': 3 } });
});

test('a throttled send is queued again with a wait, and cuts the rate of that account and region', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'throttle', apis: ['ssm:SendCommand'], maxTimes: 1 },
  });

  expect(await install(bench)).toEqual({ sent: 0, instances: 0, stopped: 'throttled' });

  await expectClosed(bench);
  expect(await bench.states()).toEqual({ queued: 2 });
  const waitMs = await dueInMs(bench);
  expect(waitMs).toBeGreaterThan(0);
  expect(
    await bench.store.redis.hget(bench.store.keys.bucket(TARGET, 'ssm:SendCommand'), 'rate'),
  ).not.toBeNull();

  bench.advance(waitMs);
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test('an account that throttles costs other accounts nothing', async () => {
  const other = '444455556666';
  const bench = await startWorkerBench({
    world: aWorld([], {
      accounts: [
        { id: '999988887777' },
        { id: ACCOUNT, instances: someInstances(1) },
        { id: other, instances: someInstances(1, {}, 1) },
      ],
    }),
  });
  await bench.scanned();
  const elsewhere = { ...TARGET, accountId: other as typeof ACCOUNT };
  await bench.run('scan-target', { target: elsewhere });
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'throttle', apis: ['ssm:SendCommand'], accounts: [ACCOUNT] },
  });

  expect(await install(bench)).toMatchObject({ stopped: 'throttled' });

  expect(await bench.run('install-batch', { target: elsewhere })).toMatchObject({ sent: 1 });
});

test('a denied SendCommand is the cause of all instances of the batch, which wait their back-off', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2), { account: { deniedActions: ['ssm:SendCommand'] } }),
    config: { muster: { backoff: { operator_first: '10m' } } },
  });
  await bench.scanned();

  await install(bench);

  await expectClosed(bench);
  expect(await causes(bench, 2)).toEqual(['ec2-ssm-invocation-failure', 'ec2-ssm-invocation-failure']);
  expect(bench.front.count('SendCommand')).toBe(1);
  expect(await dueInMs(bench)).toBeGreaterThan(590_000);
  expect((await bench.record(instanceId(0))).attempts).toMatchObject([{ commandId: null, exitCode: null }]);
});

test('a refusal of the whole call is a finding of its target with the remedy, until a send is accepted', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2), { account: { deniedActions: ['ssm:SendCommand'] } }),
    config: { muster: { backoff: { operator_first: '10m' } } },
  });
  await bench.scanned();

  await install(bench);

  const [finding] = await bench.ledger.control.findings();
  expect(finding).toMatchObject({ kind: 'send-refused', scope: targetId(TARGET) });
  expect(finding?.message).toContain('AccessDenied');
  expect(finding?.remedy).toContain('ssm:SendCommand');
  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions: [] });
  bench.advance(20 * 60_000);
  expect(await install(bench)).toMatchObject({ sent: 1 });
  expect(await bench.findings()).toEqual([]);
});

test('a region that was switched off is the cause of all: no host can be looked at there', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.ledger.enrollments.noteListing(TARGET, null, await bench.ledger.epochs.current());
  await bench.aws.change({ op: 'set-region', accountId: ACCOUNT, region: TARGET.region, status: 'DISABLED' });

  await install(bench);

  await expectClosed(bench);
  expect(await causes(bench, 2)).toEqual(['region-off', 'region-off']);
  expect(bench.front.count('SendCommand')).toBe(0);
});

test('a region that was switched off since the look at the recipients refuses the batch', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  beforeSend(bench, () =>
    bench.aws.change({ op: 'set-region', accountId: ACCOUNT, region: TARGET.region, status: 'DISABLED' }),
  );

  await install(bench);

  await expectClosed(bench);
  expect(await causes(bench, 2)).toEqual(['ec2-ssm-invocation-failure', 'ec2-ssm-invocation-failure']);
});

/** A configuration with a document of one's own. */
const withDocument = (facts: WorkerBench['facts']) => ({
  discovery_service: { aws: [{ ...organizationMatcher(facts), ssm: { document_name: 'Own-Installer' } }] },
});

test('a document that the account does not have is the cause of all', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config: withDocument });
  await bench.scanned();

  await install(bench);

  await expectClosed(bench);
  expect(await causes(bench, 2)).toEqual(['ec2-ssm-document-invalid', 'ec2-ssm-document-invalid']);
});

test('a document that does not take our parameters is the cause of all', async () => {
  const content = JSON.stringify({
    schemaVersion: '2.2',
    parameters: { somethingElse: { type: 'String', default: '' } },
    mainSteps: [{ action: 'aws:runShellScript', name: 'install', inputs: { runCommand: ['true'] } }],
  });
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2), { documents: { 'Own-Installer': content } }),
    config: withDocument,
  });
  await bench.scanned();

  await install(bench);

  await expectClosed(bench);
  expect(await causes(bench, 2)).toEqual(['ec2-ssm-document-invalid', 'ec2-ssm-document-invalid']);
});

/** A suffix is what only a cluster with managed updates can install. */
const withSuffix = (facts: WorkerBench['facts']) => ({
  discovery_service: { aws: [{ ...organizationMatcher(facts), install: { suffix: 'blue' } }] },
});

test('a suffix is not sent where managed updates are off, and is when they are on', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config: withSuffix });
  await bench.scanned();
  bench.teleport.setFaults({ proxy: 'without-updates' });

  await install(bench);

  await expectClosed(bench);
  expect(bench.front.count('SendCommand')).toBe(0);
  expect(await causes(bench, 2)).toEqual(['teleport-managed-updates-off', 'teleport-managed-updates-off']);

  bench.teleport.setFaults({ proxy: 'ok' });
  bench.advance(24 * 3_600_000);
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test('a proxy that does not answer the question holds no suffix back', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)), config: withSuffix });
  await bench.scanned();
  bench.teleport.setFaults({ proxy: 'down' });

  expect(await install(bench)).toMatchObject({ sent: 1 });
});

test('without suffix and update group the proxy is not asked for managed updates', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(1)) });
  await bench.scanned();
  bench.teleport.setFaults({ proxy: 'without-updates' });

  expect(await install(bench)).toMatchObject({ sent: 1 });
});

test('a batch that SSM will not send to that platform is unsupported as a whole', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  for (const n of [0, 1]) {
    await bench.aws.change({ op: 'set-ssm', instanceId: instanceId(n), ssm: { platformType: 'Windows' } });
  }

  await install(bench);

  await expectClosed(bench);
  expect(await causes(bench, 2)).toEqual(['ec2-ssm-unsupported-os', 'ec2-ssm-unsupported-os']);
});

test('a send that finds no server has not happened: its instances are free again at once', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.ledger.enrollments.noteListing(TARGET, null, await bench.ledger.epochs.current());
  await bench.front.refuse();

  await install(bench);

  await expectClosed(bench);
  expect(await bench.states()).toEqual({ queued: 2 });
  expect((await bench.record(instanceId(0))).failures).toBe(0);

  await bench.front.listen();
  bench.advance(bench.deps.timings.retryMs);
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test('a session that has expired is no fault of the host: the next try has a new one', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.ledger.enrollments.noteListing(TARGET, null, await bench.ledger.epochs.current());
  beforeSend(bench, () => bench.aws.change({ op: 'expire-sessions', accountId: ACCOUNT }));

  await install(bench);

  await expectClosed(bench);
  expect(await bench.states()).toEqual({ queued: 2 });
  bench.advance(bench.deps.timings.retryMs);
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test.each(['reset-after', 'error-after', 'reset-before', 'error'] as const)(
  'an answer that says nothing (%s) leaves the intent open, its instances claimed and the batch due',
  async (kind) => {
    const bench = await startWorkerBench({ world: aWorld(someInstances(2)), speed: 1 });
    await bench.scanned();
    await bench.aws.change({ op: 'add-fault', fault: { kind, apis: ['ssm:SendCommand'], maxTimes: 1 } });

    await install(bench);

    const { command, batchId, notAfterMs } = await bench.intent();
    expect(command).toBeNull();
    expect(await bench.states()).toEqual({ sending: 2 });
    const dueAtMs = await bench.dueAt('collect', `${targetId(TARGET)}/${batchId}`);
    expect(Math.abs((dueAtMs ?? 0) - notAfterMs)).toBeLessThan(1_000);
    expect(await bench.ledger.caps.places()).toHaveLength(2);
    expect(await install(bench)).toMatchObject({ sent: 0 });
    expect(bench.front.count('SendCommand')).toBe(1);
  },
);
