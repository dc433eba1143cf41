import type { WrittenInstance } from '@muster/aws-sim/world/written';
import type { EnrollmentRecord } from '@muster/core/domain/enrollment/record';
import type { BatchId } from '@muster/core/domain/ids';
import { collectMember } from '@muster/core/jobs/due-jobs';
import { targetId } from '@muster/core/domain/target';
import { eventually } from '@muster/testing/eventually';
import { expect, test } from 'vitest';
import { type BenchOptions, useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();

/** A bench whose first batch has been sent. */
async function startSent(options: BenchOptions): Promise<WorkerBench & { readonly batchId: BatchId }> {
  const bench = await startWorkerBench(options);
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  return { ...bench, batchId: (await bench.intent()).batchId };
}

const collect = (bench: { run: WorkerBench['run']; batchId: BatchId }) =>
  bench.run('collect-command', { target: TARGET, batchId: bench.batchId });

/** Waits until SSM shows this end. */
async function shows(bench: WorkerBench, n: number, details: string): Promise<void> {
  await eventually(`${instanceId(n)} is ${details}`, async () =>
    (await bench.commands()).some(({ invocations }) =>
      invocations.some((one) => one.instanceId === instanceId(n) && one.statusDetails === details),
    ),
  );
}

async function dueInMs(bench: WorkerBench & { readonly batchId: BatchId }): Promise<number | null> {
  const atMs = await bench.dueAt('collect', collectMember(TARGET, bench.batchId));
  return atMs === null ? null : atMs - bench.now();
}

test('ends are recorded as they come, and the command is followed until its last one', async () => {
  const bench = await startSent({
    world: aWorld([...someInstances(1), ...someInstances(1, { outcome: { kind: 'hangs' } }, 1)]),
    speed: 20,
  });
  await shows(bench, 0, 'Success');

  expect(await collect(bench)).toEqual({ ended: 1, open: 1, state: 'live' });

  expect(await bench.states()).toEqual({ installed: 1, installing: 1 });
  expect(await bench.intent()).toMatchObject({ polls: 1 });
  expect(await dueInMs(bench)).toBeGreaterThan(0);

  await bench.run('cancel-command', { target: TARGET, batchId: bench.batchId, instanceId: instanceId(1) });
  await bench.commandsEnded();
  expect(await collect(bench)).toEqual({ ended: 2, open: 0, state: 'ended' });
  expect(await bench.states()).toEqual({ installed: 1, failed: 1 });
  expect(await bench.cause(instanceId(1))).toBe('ec2-ssm-canceled');
  expect(await bench.intents()).toEqual([]);
  expect(await bench.ledger.control.reservations()).toEqual([]);
  expect(await dueInMs(bench)).toBeNull();
  // The first end was recorded once.
  expect((await bench.record(instanceId(0))).attemptCount).toBe(1);
});

type Outcome = WrittenInstance['outcome'];
const ENDS: readonly (readonly [
  what: string,
  Outcome,
  Partial<EnrollmentRecord> & Record<string, unknown>,
  number,
])[] = [
  ['an installer that joins', { kind: 'joins' }, { state: 'installed' }, 0],
  ['no bash', { kind: 'preflight', exitCode: 100 }, { state: 'failed', cause: 'host-no-bash' }, 100],
  ['no sudo', { kind: 'preflight', exitCode: 101 }, { state: 'failed', cause: 'host-no-sudo' }, 101],
  ['no curl', { kind: 'preflight', exitCode: 102 }, { state: 'failed', cause: 'host-no-curl' }, 102],
  ['a full disk', { kind: 'preflight', exitCode: 103 }, { state: 'failed', cause: 'host-disk-full' }, 103],
  [
    'a proxy out of reach',
    { kind: 'preflight', exitCode: 104 },
    { state: 'failed', cause: 'host-proxy-unreachable' },
    104,
  ],
  [
    "somebody else's agent",
    { kind: 'exits', exitCode: 120 },
    { state: 'ineligible', cause: 'host-managed-elsewhere', failures: 0 },
    120,
  ],
  [
    'an agent that does not join',
    { kind: 'join-refused' },
    { state: 'failed', cause: 'ec2-join-failure' },
    150,
  ],
  [
    'any other exit code',
    { kind: 'exits', exitCode: 7 },
    { state: 'failed', cause: 'ec2-ssm-script-failure' },
    7,
  ],
  ['a script that hangs', { kind: 'hangs' }, { state: 'failed', cause: 'ec2-ssm-execution-timed-out' }, 137],
  [
    'an agent that vanishes',
    { kind: 'vanishes' },
    { state: 'failed', cause: 'ec2-ssm-delivery-timed-out' },
    -1,
  ],
  [
    'an agent out of reach',
    { kind: 'undeliverable' },
    { state: 'failed', cause: 'ec2-ssm-undeliverable' },
    -1,
  ],
];

test('every kind of end has its own cause, in one look at one command', async () => {
  const instances = ENDS.flatMap(([, outcome], n) => someInstances(1, { outcome }, n));
  const bench = await startSent({ world: aWorld(instances), speed: 1_000 });
  await bench.commandsEnded();
  bench.front.calls.splice(0);

  expect(await collect(bench)).toEqual({ ended: ENDS.length, open: 0, state: 'ended' });

  expect(bench.front.calls).toEqual(['ListCommandInvocations']);
  for (const [n, [what, , expected, exitCode]] of ENDS.entries()) {
    const record = await bench.record(instanceId(n));
    const { batchId } = bench;
    expect({ what, ...record }).toMatchObject({ what, ...expected, attempts: [{ exitCode, batchId }] });
  }
});

test('an end that was recorded stays, whatever SSM shows later', async () => {
  const bench = await startSent({
    world: aWorld([...someInstances(1), ...someInstances(1, { outcome: { kind: 'hangs' } }, 1)]),
    speed: 20,
  });
  await shows(bench, 0, 'Success');
  await collect(bench);
  const ended = await bench.record(instanceId(0));
  expect(ended.state).toBe('installed');

  for (const word of ['InProgress', 'Failed']) {
    bench.front.rewrite = (operation, answer) =>
      operation === 'ListCommandInvocations'
        ? { ...answer, body: answer.body.replaceAll('"Success"', `"${word}"`) }
        : answer;
    expect(await collect(bench)).toMatchObject({ state: 'live' });
    expect(await bench.record(instanceId(0))).toEqual(ended);
  }
});

test('what had a live command when its account left is followed to its end, and is gone then', async () => {
  const bench = await startSent({ world: aWorld(someInstances(2)), speed: 20 });
  bench.front.rewrite = (operation, answer) =>
    operation.startsWith('ListAccounts')
      ? { ...answer, body: answer.body.replaceAll(ACCOUNT, '999988887777') }
      : answer;
  await bench.run('list-accounts', {});
  expect(await bench.ledger.coverage.accountIds()).not.toContain(ACCOUNT);
  expect(await bench.states()).toEqual({ installing: 2 });
  await bench.commandsEnded();

  expect(await collect(bench)).toMatchObject({ ended: 2, open: 0 });

  expect(await bench.states()).toEqual({ gone: 2 });
});

test('looks at a live command grow apart, up to the longest pause', async () => {
  const bench = await startSent({
    world: aWorld(someInstances(1, { outcome: { kind: 'hangs' } })),
    speed: 1,
  });
  const waits: number[] = [];

  for (let look = 0; look < 7; look += 1) {
    const before = bench.now();
    await collect(bench);
    waits.push(
      Math.floor(((await bench.dueAt('collect', collectMember(TARGET, bench.batchId))) ?? 0) - before),
    );
  }

  const { pollFirstMs, pollMaxMs } = bench.deps.config.install;
  expect(waits[0]).toBeGreaterThanOrEqual(pollFirstMs);
  expect(waits[2]).toBeGreaterThan((waits[0] ?? 0) * 2);
  expect(waits.at(-1)).toBeGreaterThanOrEqual(pollMaxMs);
  expect(waits.at(-1)).toBeLessThan(pollMaxMs + 2_000);
});

test('a command that SSM does not show has not ended: only its expiry ends it', async () => {
  const bench = await startSent({ world: aWorld(someInstances(2)) });
  bench.front.rewrite = (operation, answer) =>
    operation === 'ListCommandInvocations' ? { ...answer, body: '{"CommandInvocations":[]}' } : answer;
  await bench.commandsEnded();
  const { command } = await bench.intent();
  const lifeMs = (command?.expiresAtMs ?? 0) - bench.now();
  bench.advance(lifeMs + bench.deps.timings.expiryMarginMs - 5_000);

  expect(await collect(bench)).toMatchObject({ ended: 0, open: 2, state: 'live' });
  expect(await bench.states()).toEqual({ installing: 2 });

  bench.advance(10_000);
  expect(await collect(bench)).toMatchObject({ ended: 2, open: 0 });
  expect(await bench.cause(instanceId(0))).toBe('ec2-ssm-command-lost');
});

test('a command that expires without an end is canceled in SSM too', async () => {
  const bench = await startSent({
    world: aWorld([...someInstances(1), ...someInstances(1, { outcome: { kind: 'hangs' } }, 1)]),
    speed: 20,
  });
  await shows(bench, 0, 'Success');
  const { command } = await bench.intent();
  bench.advance((command?.expiresAtMs ?? 0) - bench.now() + bench.deps.timings.expiryMarginMs + 1);

  await collect(bench);

  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'installed' });
  expect(await bench.record(instanceId(1))).toMatchObject({ state: 'failed', cause: 'ec2-ssm-command-lost' });
  await shows(bench, 1, 'Cancelled');
  expect(await bench.findings()).toEqual([]);
});

test('where the role may not cancel, people are told what was left behind', async () => {
  const bench = await startSent({
    world: aWorld(someInstances(1, { outcome: { kind: 'hangs' } }), {
      account: { deniedActions: ['ssm:CancelCommand'] },
    }),
    speed: 1,
  });
  const { command } = await bench.intent();
  bench.advance((command?.expiresAtMs ?? 0) - bench.now() + bench.deps.timings.expiryMarginMs + 1);

  await collect(bench);

  expect(await bench.cause(instanceId(0))).toBe('ec2-ssm-command-lost');
  expect(await bench.findings()).toEqual([`command-not-canceled ${targetId(TARGET)}`]);
});

test('a throttled or denied look ends nothing and loses nothing', async () => {
  const bench = await startSent({ world: aWorld(someInstances(1)) });
  await bench.commandsEnded();
  await bench.aws.change({
    op: 'add-fault',
    fault: { kind: 'throttle', apis: ['ssm:ListCommandInvocations'], maxTimes: 1 },
  });
  await expect(collect(bench)).rejects.toMatchObject({ code: 'aws.throttled' });
  // Our own share is cut then, and the next look waits for it without asking AWS.
  const calls = bench.front.count('ListCommandInvocations');
  await bench.ledger.pacing.throttled(TARGET, 'ssm:ListCommandInvocations', {
    retryAfterMs: 60_000,
    tookMs: 100,
  });
  await expect(collect(bench)).rejects.toMatchObject({ code: 'aws.throttled' });
  expect(bench.front.count('ListCommandInvocations')).toBe(calls);

  expect(await bench.states()).toEqual({ installing: 1 });
  expect((await bench.intents()).length).toBe(1);
  expect(await dueInMs(bench)).toBeGreaterThan(0);
});

test('where commands may not be looked at any more the target is partial by name, and nothing is ended', async () => {
  const bench = await startSent({ world: aWorld(someInstances(1)) });
  await bench.commandsEnded();
  const actions = ['ssm:ListCommandInvocations'];
  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions });

  expect(await collect(bench)).toEqual({ ended: 0, open: 1, state: 'denied' });

  for (let round = 1; round <= 2; round += 1) {
    const coverage = await bench.ledger.coverage.read(TARGET);
    expect(coverage).toMatchObject({ status: 'partial', cause: 'ec2-perm-account-denied' });
    expect(coverage?.detail).toContain('ssm:ListCommandInvocations');
    await bench.run('scan-target', { target: TARGET });
  }
  expect(await bench.states()).toEqual({ installing: 1 });
  expect(await dueInMs(bench)).toBeGreaterThan(0);

  await bench.aws.change({ op: 'deny-actions', accountId: ACCOUNT, actions: [] });
  expect(await collect(bench)).toMatchObject({ ended: 1, open: 0 });
  await bench.run('scan-target', { target: TARGET });
  expect(await bench.ledger.coverage.read(TARGET)).toMatchObject({ status: 'complete' });
});

test.each([
  ['denied', { op: 'deny-actions', accountId: ACCOUNT, actions: ['ssm:*'] }],
  ['switched off', { op: 'set-region', accountId: ACCOUNT, region: TARGET.region, status: 'DISABLED' }],
] as const)(
  'a command behind a region that is %s ends when it has expired all the same',
  async (_, change) => {
    const bench = await startSent({ world: aWorld(someInstances(2)) });
    await bench.commandsEnded();
    await bench.aws.change(
      change.op === 'deny-actions' ? { ...change, actions: [...change.actions] } : change,
    );
    expect(await collect(bench)).toMatchObject({ ended: 0, open: 2 });
    const { command } = await bench.intent();

    bench.advance((command?.expiresAtMs ?? 0) - bench.now() + bench.deps.timings.expiryMarginMs + 1);

    expect(await collect(bench)).toMatchObject({ ended: 2, open: 0 });
    expect(await bench.cause(instanceId(0))).toBe('ec2-ssm-command-lost');
    expect(await bench.findings()).toContain(`command-not-canceled ${targetId(TARGET)}`);
    expect(await bench.intents()).toEqual([]);
  },
);

test("a failed script's output is kept by its tail, without secrets and control characters", async () => {
  const secret = 'external-id-that-nobody-may-see';
  const stdout = `first words ${'.'.repeat(700)} id ${secret} \u001b[31mred\u0007 the end`;
  const bench = await startSent({
    world: aWorld(someInstances(1, { outcome: { kind: 'exits', exitCode: 1, stdout } }), {
      access: { externalId: secret },
    }),
    config: { muster: { install: { output_chars: 300 } } },
  });
  await bench.commandsEnded();

  await collect(bench);

  const [attempt] = (await bench.record(instanceId(0))).attempts;
  expect(attempt?.output.length).toBeLessThanOrEqual(300);
  expect(attempt?.output).toMatch(/^\.+ id \[redacted\] \[31mred the end/);
});

test('a secret is not shown in part where the tail is cut', async () => {
  const secret = 'external-id-that-nobody-may-see';
  const bench = await startSent({
    world: aWorld(
      someInstances(1, { outcome: { kind: 'exits', exitCode: 1, stdout: `${secret}${'.'.repeat(90)}` } }),
      { access: { externalId: secret } },
    ),
    config: { muster: { install: { output_chars: 170 } } },
  });
  await bench.commandsEnded();

  await collect(bench);

  const [attempt] = (await bench.record(instanceId(0))).attempts;
  expect(attempt?.output).toContain('.'.repeat(90));
  expect(attempt?.output).not.toContain('may-see');
});

test('output can be switched off', async () => {
  const bench = await startSent({
    world: aWorld(someInstances(1, { outcome: { kind: 'exits', exitCode: 1, stdout: 'words' } })),
    config: { muster: { install: { output_chars: 0 } } },
  });
  await bench.commandsEnded();

  await collect(bench);

  expect((await bench.record(instanceId(0))).attempts).toMatchObject([{ output: '', exitCode: 1 }]);
});

test('a batch that is closed already gives back what it reserved', async () => {
  const bench = await startWorkerBench({ world: aWorld([]) });
  const batchId = '01JD8Q4T5W6X7Y8Z9A0B1C2D3E' as BatchId;
  await bench.ledger.control.reserve(TARGET, batchId, 5, { all: 9, account: 9, target: 9 });

  expect(await collect({ ...bench, batchId })).toMatchObject({ state: 'closed' });

  expect(await bench.ledger.control.reservations()).toEqual([]);
});

test('an account that fails too often is stopped by the brake, and others go on', async () => {
  const other = '444455556666' as typeof ACCOUNT;
  const elsewhere = { ...TARGET, accountId: other };
  const bench = await startWorkerBench({
    world: aWorld([], {
      accounts: [
        { id: '999988887777' },
        { id: ACCOUNT, instances: someInstances(4, { outcome: { kind: 'exits', exitCode: 3 } }) },
        { id: other, instances: someInstances(6, {}, 10) },
      ],
    }),
    config: {
      muster: { brake: { enabled: true, window: 20, min_outcomes: 4, max_failure_share: 0.5 } },
    },
  });
  await bench.scanned();
  await bench.run('scan-target', { target: elsewhere });
  for (const target of [elsewhere, TARGET]) {
    await bench.run('install-batch', { target });
    const { batchId } = await bench.intent(target);
    await bench.commandsEnded();
    await bench.run('collect-command', { target, batchId });
  }

  // 4 of 4 in the account, 4 of 10 in all.
  expect((await bench.ledger.control.pauses()).map(({ scope, by }) => `${scope} ${by}`)).toEqual([
    `account:${ACCOUNT} brake`,
  ]);
  expect(await bench.findings()).toEqual([`brake-engaged account:${ACCOUNT}`]);
  bench.advance(24 * 3_600_000);
  expect(await bench.run('install-batch', { target: TARGET })).toMatchObject({ sent: 0 });
});

test('cancel-command says when there is nothing to cancel, and when it may not', async () => {
  const bench = await startSent({
    world: aWorld(someInstances(1, { outcome: { kind: 'hangs' } }), {
      account: { deniedActions: ['ssm:CancelCommand'] },
    }),
    speed: 1,
  });
  const { batchId } = bench;

  const answers = await Promise.all([
    bench.run('cancel-command', { target: TARGET, batchId, instanceId: null }),
    bench.run('cancel-command', {
      target: TARGET,
      batchId: '01JD8Q4T5W6X7Y8Z9A0B1C2D3E' as BatchId,
      instanceId: null,
    }),
  ]);

  expect(answers).toEqual([{ answer: 'denied' }, { answer: 'closed' }]);
  expect(await bench.findings()).toEqual([`command-not-canceled ${targetId(TARGET)}`]);
  expect(await bench.states()).toEqual({ installing: 1 });
});
