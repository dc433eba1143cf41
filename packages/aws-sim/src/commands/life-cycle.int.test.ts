import {
  CancelCommandCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import { end, HOST, INSTALL, MEMBER, scene, send } from '../testing/command-scene.ts';
import { memberClients } from '../testing/sdk-clients.ts';
import { type FakeProxy, startWorld } from '../testing/simulators.ts';
import type { HostOutcome } from '../world/outcome.ts';

describe('what becomes of a command', () => {
  test.each<[string, HostOutcome, string, string, number, boolean]>([
    ['joins', { kind: 'joins' }, 'Success', 'Success', 0, true],
    ['no bash', { kind: 'preflight', exitCode: 100 }, 'Failed', 'Failed', 100, false],
    ['no sudo', { kind: 'preflight', exitCode: 101 }, 'Failed', 'Failed', 101, false],
    ['no curl', { kind: 'preflight', exitCode: 102 }, 'Failed', 'Failed', 102, false],
    ['no disk', { kind: 'preflight', exitCode: 103 }, 'Failed', 'Failed', 103, false],
    ['no way to the proxy', { kind: 'preflight', exitCode: 104 }, 'Failed', 'Failed', 104, false],
    ["a script of one's own", { kind: 'exits', exitCode: 42 }, 'Failed', 'Failed', 42, false],
    [
      'fails and joins all the same',
      { kind: 'exits', exitCode: 1, joins: true },
      'Failed',
      'Failed',
      1,
      true,
    ],
    ['installed, not joined', { kind: 'join-refused' }, 'Failed', 'Failed', 150, false],
    ['locked', { kind: 'lock-held' }, 'Failed', 'Failed', 1, false],
    ['a foreign agent', { kind: 'foreign-agent' }, 'Failed', 'Failed', 1, false],
    ['hangs', { kind: 'hangs' }, 'TimedOut', 'ExecutionTimedOut', 137, false],
    ['vanishes', { kind: 'vanishes' }, 'TimedOut', 'DeliveryTimedOut', -1, false],
    ['undeliverable', { kind: 'undeliverable' }, 'Failed', 'Undeliverable', -1, false],
    ['stopped by too many errors', { kind: 'terminated' }, 'Cancelled', 'Terminated', -1, false],
    ['not for its platform', { kind: 'invalid-platform' }, 'Failed', 'InvalidPlatform', -1, false],
    ['not for this caller', { kind: 'access-denied' }, 'Failed', 'AccessDenied', -1, false],
    ['undeliverable, and ran', { kind: 'undeliverable', runs: true }, 'Failed', 'Undeliverable', -1, true],
  ])('%s', async (_name, outcome, status, details, exitCode, joined) => {
    const it = await scene([{ id: HOST, region: 'us-east-1', outcome }]);

    const ended = await end(it, await send(it.ssm, [HOST]));

    expect([ended.status, ended.details, ended.exitCode]).toEqual([status, details, exitCode]);
    expect(it.sim.report()).toMatchObject({ joined: joined ? 1 : 0, commands: { terminal: 1 } });
    expect(it.proxy.joins.length).toBe(joined ? 1 : 0);
  });

  test('a host that succeeds at the third try', async () => {
    const broken: HostOutcome = { kind: 'exits', exitCode: 1 };
    const it = await scene([{ id: HOST, region: 'us-east-1', outcome: [broken, broken, { kind: 'joins' }] }]);

    const codes = [];
    for (let i = 0; i < 3; i += 1) codes.push((await end(it, await send(it.ssm, [HOST]))).exitCode);

    expect(codes).toEqual([1, 1, 0]);
    expect(it.sim.report()).toMatchObject({ joined: 1, installs: { perInstance: { 3: 1 }, whileLive: 0 } });
  });
});

test('a host fetches the script it is told and joins as itself', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1' }]);

  await end(it, await send(it.ssm, [HOST]));

  expect(it.proxy.requests).toEqual(['GET /webapi/scripts/installer/default-installer', 'POST /_sim/join']);
  expect(it.proxy.joins[0]).toMatchObject({
    token: 'good-token',
    accountId: MEMBER,
    region: 'us-east-1',
    instanceId: HOST,
    organizationId: it.sim.organizationId,
    labels: { 'teleport.dev/account-id': MEMBER, 'teleport.dev/instance-id': HOST },
  });
});

describe('a proxy that does not play along', () => {
  test.each<[string, (proxy: FakeProxy) => void, number]>([
    ['refuses the token', (proxy) => (proxy.joinError = 'token expired or not found'), 150],
    ['does not know the script', (proxy) => (proxy.installerStatus = 404), 127],
    ['sends a broken script', (proxy) => (proxy.installerExitCode = 2), 2],
  ])('%s', async (_name, spoil, exitCode) => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }]);
    spoil(it.proxy);

    const ended = await end(it, await send(it.ssm, [HOST]));

    expect(ended.exitCode).toBe(exitCode);
    expect(it.sim.report().joined).toBe(0);
  });

  test('is not there', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }]);
    await it.sim.connectProxy('http://127.0.0.1:9');

    const ended = await end(it, await send(it.ssm, [HOST]));

    expect(ended.exitCode).toBe(104);
  });
});

test('an installer that comes late is waited for', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1' }]);
  it.proxy.installerDelayMs = 300;
  const startedAt = performance.now();

  const ended = await end(it, await send(it.ssm, [HOST]));

  expect([ended.exitCode, it.sim.report().joined]).toEqual([0, 1]);
  expect(performance.now() - startedAt).toBeGreaterThan(295);
});

test('a host that has the agent already only joins again, and says so', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1' }]);
  await end(it, await send(it.ssm, [HOST]));

  const CommandId = await send(it.ssm, [HOST]);
  await end(it, CommandId);

  const got = await it.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId: HOST }));
  expect([got.StatusDetails, got.StandardOutputContent]).toEqual([
    'Success',
    expect.stringContaining('up to date'),
  ]);
  expect(it.proxy.joins).toHaveLength(2);
});

test('a custom document is read as the agent reads it', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1' }]);
  const content = {
    schemaVersion: '2.2',
    parameters: { token: { type: 'String' }, scriptName: { type: 'String' } },
    mainSteps: [
      {
        name: 'downloadContent',
        action: 'aws:downloadContent',
        inputs: {
          sourceType: 'HTTP',
          destinationPath: '/tmp/installTeleport.sh',
          sourceInfo: '{"url":"https://proxy.example.com/webapi/scripts/installer/{{ scriptName }}"}',
        },
      },
      {
        name: 'runShellScript',
        action: 'aws:runShellScript',
        inputs: { timeoutSeconds: '90', runCommand: ['/bin/sh /tmp/installTeleport.sh "{{ token }}"'] },
      },
    ],
  };
  const world = await startWorld(
    {
      name: 'document',
      documents: { Mine: JSON.stringify(content) },
      latency: { installMs: [100, 100] },
      accounts: [{ id: '100000000001' }, { id: MEMBER, instances: [{ id: HOST, region: 'us-east-1' }] }],
    },
    { speed: 200, proxyUrl: it.proxy.url },
  );
  const { ssm } = await memberClients(world, MEMBER);

  await send(ssm, [HOST], { DocumentName: 'Mine', Parameters: { token: ['mine'], scriptName: ['special'] } });
  await expect.poll(() => world.report().joined).toBe(1);

  expect(it.proxy.requests[0]).toBe('GET /webapi/scripts/installer/special');
  expect(it.proxy.joins[0]).toMatchObject({ token: 'mine' });
});

test('a command is invisible for a moment, then pending, then in progress, then over', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1' }], 2);
  const CommandId = await send(it.ssm, [HOST]);
  const phases: string[] = [];

  await expect
    .poll(
      async () => {
        const { CommandInvocations } = await it.ssm.send(new ListCommandInvocationsCommand({ CommandId }));
        const phase = CommandInvocations?.[0]?.StatusDetails ?? 'unseen';
        if (phases.at(-1) !== phase) phases.push(phase);
        return phase;
      },
      { interval: 10, timeout: 8_000 },
    )
    .toBe('Success');

  expect(phases).toEqual(['unseen', 'Pending', 'InProgress', 'Success']);
});

test('ExpiresAfter is both timeouts after the request, in real time', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1', outcome: { kind: 'vanishes' } }]);

  const { Command } = await it.ssm.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: [HOST],
      Parameters: { commands: ['true'] },
      TimeoutSeconds: 600,
    }),
  );

  const minutes = (Number(Command?.ExpiresAfter) - Number(Command?.RequestedDateTime)) / 60_000;
  expect(minutes).toBe(70);
});

test('once MaxErrors is passed, no other instance gets the command', async () => {
  const hosts = Array.from({ length: 6 }, (_, i) => `i-0000000000000000${i + 1}`);
  const it = await scene(
    hosts.map((id) => ({ id, region: 'us-east-1', outcome: { kind: 'preflight', exitCode: 100 } })),
  );

  const CommandId = await send(it.ssm, hosts, { MaxErrors: '1', MaxConcurrency: '1' });
  await expect.poll(() => it.sim.report().commands.live).toBe(0);
  const { CommandInvocations = [] } = await it.ssm.send(new ListCommandInvocationsCommand({ CommandId }));

  const details = CommandInvocations.map((invocation) => invocation.StatusDetails);
  expect(details).toEqual(['Failed', 'Failed', 'Terminated', 'Terminated', 'Terminated', 'Terminated']);
});

test('canceling ends what has not ended', async () => {
  const it = await scene([
    { id: HOST, region: 'us-east-1', outcome: { kind: 'hangs' } },
    { id: 'i-00000000000000002', region: 'us-east-1' },
  ]);
  const CommandId = await send(it.ssm, [HOST, 'i-00000000000000002'], {
    Parameters: { commands: [INSTALL], executionTimeout: ['36000'] },
  });
  await expect.poll(() => it.sim.report().outcomes['Success']).toBe(1);

  await it.ssm.send(new CancelCommandCommand({ CommandId }));
  await expect.poll(() => it.sim.report().commands.live).toBe(0);

  const { CommandInvocations = [] } = await it.ssm.send(new ListCommandInvocationsCommand({ CommandId }));
  expect(CommandInvocations.map((i) => [i.Status, i.StatusDetails])).toEqual([
    ['Cancelled', 'Cancelled'],
    ['Success', 'Success'],
  ]);
});

test('long output is cut as the agent and the service cut it', async () => {
  const outcome: HostOutcome = {
    kind: 'exits',
    exitCode: 3,
    stdout: 'o'.repeat(30_000),
    stderr: 'e'.repeat(9_000),
  };
  const it = await scene([{ id: HOST, region: 'us-east-1', outcome }]);
  const CommandId = await send(it.ssm, [HOST]);
  await end(it, CommandId);

  const got = await it.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId: HOST }));
  const listed = await it.ssm.send(new ListCommandInvocationsCommand({ CommandId, Details: true }));

  expect([got.StandardOutputContent?.length, got.StandardErrorContent?.length]).toEqual([24_000, 8_000]);
  expect(got.StandardOutputContent?.endsWith('--output truncated--')).toBe(true);
  const output = listed.CommandInvocations?.[0]?.CommandPlugins?.[0]?.Output ?? '';
  expect([output.length, output.endsWith('\n---Output truncated---')]).toEqual([2_500, true]);
});

test('an agent has five commands in hand, the sixth waits', async () => {
  const outcome: HostOutcome = { kind: 'hangs' };
  const it = await scene([{ id: HOST, region: 'us-east-1', outcome }], 50);
  const ids: string[] = [];
  for (let i = 0; i < 6; i += 1) ids.push(await send(it.ssm, [HOST]));
  const inProgress = async (): Promise<string[]> => {
    const { CommandInvocations = [] } = await it.ssm.send(new ListCommandInvocationsCommand({}));
    return CommandInvocations.filter((one) => one.Status === 'InProgress').map((one) => one.CommandId ?? '');
  };
  await expect.poll(async () => (await inProgress()).length).toBe(5);
  const first = await inProgress();

  await it.ssm.send(new CancelCommandCommand({ CommandId: first[0] }));

  const waited = ids.find((id) => !first.includes(id));
  await expect.poll(inProgress).toContain(waited);
});

test('exit code 194 reboots the host and runs the step again', async () => {
  const outcome: HostOutcome[] = [{ kind: 'exits', exitCode: 194 }, { kind: 'joins' }];
  const it = await scene([{ id: HOST, region: 'us-east-1', outcome }]);

  const ended = await end(it, await send(it.ssm, [HOST]));

  expect([ended.details, ended.exitCode, it.sim.report().joined]).toEqual(['Success', 0, 1]);
});

test('two installers on one host: the second waits for the lock, and gives up', async () => {
  const outcome: HostOutcome = { kind: 'joins', durationMs: 60_000 };
  const it = await scene([{ id: HOST, region: 'us-east-1', outcome }]);
  const first = await send(it.ssm, [HOST]);
  const second = await send(it.ssm, [HOST]);

  const ended = [await end(it, first), await end(it, second)];

  expect(ended.map(({ exitCode }) => exitCode).sort((a, b) => a - b)).toEqual([0, 1]);
  expect(ended.map(({ stderr }) => stderr).join('\n')).toContain(
    'Could not get lock /var/lock/teleport_install.lock',
  );
  expect(it.proxy.joins).toHaveLength(1);
});

describe('the referee', () => {
  test('notices a command sent while another one is live', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }], 1);

    await send(it.ssm, [HOST]);
    await send(it.ssm, [HOST]);

    expect(it.sim.report().installs).toMatchObject({ perInstance: { 2: 1 }, whileLive: 1 });
  });

  test('notices a command sent long after the node was there', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }], 1_000);
    await end(it, await send(it.ssm, [HOST]));
    const joinedAt = performance.now();
    await expect.poll(() => performance.now() - joinedAt).toBeGreaterThan(40);

    await send(it.ssm, [HOST]);

    expect(it.sim.report().installs).toMatchObject({ afterJoined: 1 });
  });
});
