import { DescribeInstancesCommand, type DescribeInstancesCommandInput } from '@aws-sdk/client-ec2';
import {
  CreateDocumentCommand,
  DescribeDocumentCommand,
  DescribeInstanceInformationCommand,
  ListCommandInvocationsCommand,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import { seen } from '../testing/answers.ts';
import { PLUGIN_DOCUMENT } from '../conformance/conformance-world.ts';
import { end, HOST, MEMBER, type Scene, scene, send } from '../testing/command-scene.ts';

describe('a fleet that changes', () => {
  test('a host launched later registers after a while', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }], 200);
    const [result] = await it.sim.change({
      op: 'launch-instances',
      accountId: MEMBER,
      instance: { region: 'us-east-1', ssm: { registersAfterMs: 300_000 } },
    });
    const [id = ''] = result?.ids ?? [];
    const listed = async (): Promise<number | undefined> =>
      (await it.ssm.send(new DescribeInstanceInformationCommand({}))).InstanceInformationList?.length;

    const early = await seen(
      it.ssm.send(
        new SendCommandCommand({
          DocumentName: 'AWS-RunShellScript',
          InstanceIds: [id],
          Parameters: { commands: ['true'] },
        }),
      ),
    );

    expect([early.name, await listed()]).toEqual(['InvalidInstanceId', 1]);
    await expect.poll(listed).toBe(2);
  });

  test('an agent without credentials of its own is there once Default Host Management Configuration is on', async () => {
    const it = await scene(
      [{ id: HOST, region: 'us-east-1', profile: null, ssm: { byHostManagement: true } }],
      2_000,
    );
    const listed = async (): Promise<readonly unknown[] | undefined> =>
      (await it.ssm.send(new DescribeInstanceInformationCommand({}))).InstanceInformationList;
    const refused = await seen(
      it.ssm.send(
        new SendCommandCommand({
          DocumentName: 'AWS-RunShellScript',
          InstanceIds: [HOST],
          Parameters: { commands: ['true'] },
        }),
      ),
    );

    expect([refused.name, await listed()]).toEqual(['InvalidInstanceId', []]);

    await it.sim.change({ op: 'set-host-management', accountId: MEMBER, region: 'us-east-1', on: true });

    await expect
      .poll(listed)
      .toMatchObject([
        { InstanceId: HOST, IamRole: 'service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole' },
      ]);
    expect((await end(it, await send(it.ssm, [HOST]))).details).toBe('Success');
  });

  test('a host that goes down during its run never reports', async () => {
    const it = await scene([
      { id: HOST, region: 'us-east-1', outcome: { kind: 'joins', durationMs: 60_000 } },
    ]);
    const CommandId = await send(it.ssm, [HOST]);
    await expect
      .poll(
        async () =>
          (await it.ssm.send(new ListCommandInvocationsCommand({ CommandId }))).CommandInvocations?.[0]
            ?.Status,
      )
      .toBe('InProgress');

    await it.sim.change({ op: 'stop-instance', instanceId: HOST });

    expect((await end(it, CommandId)).details).toBe('DeliveryTimedOut');
    expect(it.sim.report()).toMatchObject({ joined: 0, readableInstances: 0 });
  });

  test('a joined host that stops leaves the cluster, and comes back when it starts', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }]);
    await end(it, await send(it.ssm, [HOST]));

    await it.sim.change({ op: 'stop-instance', instanceId: HOST });
    const stopped = it.sim.report().joined;
    await it.sim.change({ op: 'start-instance', instanceId: HOST });

    expect(stopped).toBe(0);
    await expect.poll(() => it.sim.report().joined).toBe(1);
    expect(it.proxy.requests).toContain(`DELETE /_sim/nodes/${MEMBER}/${HOST}`);
  });
});

async function stateOf({ ec2 }: Scene, id = HOST): Promise<string> {
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  const { State } = Reservations?.[0]?.Instances?.[0] ?? {};
  return `${State?.Name} ${State?.Code}`;
}

/** Every state an instance is seen in until it is in the last one. */
async function statesUntil(it: Scene, last: string, id = HOST): Promise<string[]> {
  const states: string[] = [];
  await expect
    .poll(
      async () => {
        const state = await stateOf(it, id);
        if (states.at(-1) !== state) states.push(state);
        return state;
      },
      { interval: 5, timeout: 8_000 },
    )
    .toBe(last);
  return states;
}

async function pingOf({ ssm }: Scene): Promise<string | undefined> {
  const { InstanceInformationList } = await ssm.send(new DescribeInstanceInformationCommand({}));
  return InstanceInformationList?.find((node) => node.InstanceId === HOST)?.PingStatus;
}

describe('an instance on its way', () => {
  const slow = { latency: { transitionMs: [20_000, 20_000] as [number, number] } };

  test('stops by way of stopping and starts by way of pending', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }], 100, slow);

    await it.sim.change({ op: 'stop-instance', instanceId: HOST });
    const down = await statesUntil(it, 'stopped 80');
    await it.sim.change({ op: 'start-instance', instanceId: HOST });
    const up = await statesUntil(it, 'running 16');

    expect([down, up]).toEqual([
      ['stopping 64', 'stopped 80'],
      ['pending 0', 'running 16'],
    ]);
  });

  test('that is to start while it is stopping starts when it has stopped', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }], 100, slow);

    await it.sim.change(
      { op: 'stop-instance', instanceId: HOST },
      { op: 'start-instance', instanceId: HOST },
    );

    expect(await statesUntil(it, 'running 16')).toEqual(['stopping 64', 'pending 0', 'running 16']);
  });

  test('ends by way of shutting-down, and nothing brings it back', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }], 100, slow);

    await it.sim.change({ op: 'terminate-instance', instanceId: HOST });
    const states = await statesUntil(it, 'terminated 48');
    const [again] = await it.sim.change({ op: 'start-instance', instanceId: HOST });

    expect(states).toEqual(['shutting-down 32', 'terminated 48']);
    expect(again?.error).toBe(`instance ${HOST} is terminated`);
  });

  test('is pending after its launch, and counts only once it runs', async () => {
    const it = await scene([], 100, slow);
    const [launched] = await it.sim.change({
      op: 'launch-instances',
      accountId: MEMBER,
      instance: { region: 'us-east-1' },
    });
    const id = launched?.ids?.[0] ?? '';
    const early = it.sim.report().readableInstances;

    expect(await statesUntil(it, 'running 16', id)).toEqual(['pending 0', 'running 16']);
    expect([early, it.sim.report().readableInstances]).toEqual([0, 1]);
  });
});

describe('an agent that falls silent', () => {
  test('is shown Online for a while, is sent a command, and gets it when it is back', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }], 100);
    await it.sim.change({ op: 'lose-agent', instanceId: HOST });
    const shown = await pingOf(it);
    const CommandId = await send(it.ssm, [HOST], { TimeoutSeconds: 3600 });
    await expect.poll(() => pingOf(it), { timeout: 8_000 }).toBe('ConnectionLost');
    const { CommandInvocations } = await it.ssm.send(new ListCommandInvocationsCommand({ CommandId }));

    await it.sim.change({ op: 'restore-agent', instanceId: HOST });

    expect([shown, CommandInvocations?.[0]?.StatusDetails]).toEqual(['Online', 'Delayed']);
    expect(await pingOf(it)).toBe('Online');
    expect((await end(it, CommandId)).details).toBe('Success');
  });

  test('and stays so: the command is never delivered', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }]);
    await it.sim.change({ op: 'lose-agent', instanceId: HOST });

    const ended = await end(it, await send(it.ssm, [HOST]));

    expect(['Undeliverable', 'DeliveryTimedOut']).toContain(ended.details);
    expect(it.proxy.joins).toEqual([]);
  });

  test('in the middle of a run: what the script did is not reported', async () => {
    const outcome = { kind: 'joins', durationMs: 60_000 } as const;
    const it = await scene([{ id: HOST, region: 'us-east-1', outcome }]);
    const CommandId = await send(it.ssm, [HOST]);
    await expect
      .poll(
        async () =>
          (await it.ssm.send(new ListCommandInvocationsCommand({ CommandId }))).CommandInvocations?.[0]
            ?.Status,
      )
      .toBe('InProgress');

    await it.sim.change({ op: 'lose-agent', instanceId: HOST });

    expect((await end(it, CommandId)).details).toBe('DeliveryTimedOut');
    expect(it.sim.report().joined).toBe(1);
  });
});

describe('a host that stops', () => {
  test('is listed as Online until its ping is overdue, then as ConnectionLost, and then no longer', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }], 200, {
      latency: { transitionMs: [0, 0] },
    });
    const seen: (string | undefined)[] = [];

    await it.sim.change({ op: 'stop-instance', instanceId: HOST });
    await expect
      .poll(
        async () => {
          const ping = await pingOf(it);
          if (seen.at(-1) !== ping || seen.length === 0) seen.push(ping);
          return ping;
        },
        { interval: 10, timeout: 8_000 },
      )
      .toBeUndefined();

    expect(seen).toEqual(['Online', 'ConnectionLost', undefined]);
    expect(await stateOf(it)).toBe('stopped 80');
  });

  test('is listed again as soon as it runs', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }], 2_000, {
      latency: { transitionMs: [0, 0] },
    });
    await it.sim.change({ op: 'stop-instance', instanceId: HOST });
    await expect.poll(() => pingOf(it)).toBeUndefined();

    await it.sim.change({ op: 'start-instance', instanceId: HOST });

    expect(await pingOf(it)).toBe('Online');
  });

  test('and is terminated is listed no longer, at once', async () => {
    const it = await scene([{ id: HOST, region: 'us-east-1' }], 1, { latency: { transitionMs: [0, 0] } });

    await it.sim.change({ op: 'terminate-instance', instanceId: HOST });

    expect(await pingOf(it)).toBeUndefined();
  });
});

test('a document of schema 1.2 runs all its lines', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1' }]);
  await it.ssm.send(
    new CreateDocumentCommand({ Name: 'Plugins', Content: PLUGIN_DOCUMENT, DocumentType: 'Command' }),
  );

  const CommandId = await send(it.ssm, [HOST], {
    DocumentName: 'Plugins',
    Parameters: { token: ['good-token'] },
  });

  expect((await end(it, CommandId)).details).toBe('Success');
  expect(it.proxy.joins).toHaveLength(1);
});

test('a stopped host that starts within the delivery time-out runs what was sent to it', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1', state: 'stopped' }]);
  const CommandId = await send(it.ssm, [HOST], { TimeoutSeconds: 3600 });

  await it.sim.change({ op: 'start-instance', instanceId: HOST });

  expect((await end(it, CommandId)).details).toBe('Success');
  expect(it.sim.report().joined).toBe(1);
});

describe('a role that may not command every instance or send every document', () => {
  const access = { shieldTags: { NoFleetInstall: 'true' }, sendableDocuments: ['AWS-RunShellScript'] };
  const hosts = [
    { id: HOST, region: 'us-east-1', tags: { env: 'prod', NoFleetInstall: 'true' } },
    { id: 'i-00000000000000002', region: 'us-east-1', tags: { env: 'prod' } },
  ];

  test('is refused the whole call by id, and by target only that instance', async () => {
    const it = await scene(hosts, 200, { access });
    const input = { DocumentName: 'AWS-RunShellScript', Parameters: { commands: ['true'] } };

    const byId = await seen(
      it.ssm.send(new SendCommandCommand({ ...input, InstanceIds: hosts.map(({ id }) => id) })),
    );
    const byTag = await it.ssm.send(
      new SendCommandCommand({ ...input, Targets: [{ Key: 'tag:env', Values: ['prod'] }] }),
    );
    await expect.poll(() => it.sim.report().commands.live).toBe(0);
    const { CommandId } = byTag.Command ?? {};
    const { CommandInvocations } = await it.ssm.send(new ListCommandInvocationsCommand({ CommandId }));

    expect([byId.name, byId.message]).toEqual([
      'AccessDeniedException',
      expect.stringMatching(
        /is not authorized to perform: ssm:SendCommand on resource: arn:aws:ec2:us-east-1:100000000002:instance\/i-00000000000000001 /u,
      ),
    ]);
    expect(CommandInvocations?.map((one) => [one.Status, one.StatusDetails])).toEqual([
      ['Failed', 'AccessDenied'],
      ['Success', 'Success'],
    ]);
  });

  test('is refused another document', async () => {
    const it = await scene(hosts, 200, { access });

    const answer = await seen(
      it.ssm.send(
        new SendCommandCommand({
          DocumentName: 'AWS-RunPowerShellScript',
          InstanceIds: [hosts[1]?.id ?? ''],
        }),
      ),
    );

    expect([answer.name, answer.message]).toEqual([
      'AccessDeniedException',
      expect.stringContaining('on resource: arn:aws:ssm:us-east-1::document/AWS-RunPowerShellScript '),
    ]);
  });
});

test('by target, a host of another platform ends InvalidPlatform', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1', platform: 'windows' }]);

  const CommandId = await send(it.ssm, [HOST], {
    InstanceIds: undefined,
    Targets: [{ Key: 'InstanceIds', Values: [HOST] }],
  });

  expect(await end(it, CommandId)).toMatchObject({ status: 'Failed', details: 'InvalidPlatform' });
});

test('what a service of AWS runs may be hidden, and is listed on request', async () => {
  const it = await scene([
    { id: HOST, region: 'us-east-1' },
    {
      id: 'i-00000000000000002',
      region: 'us-east-1',
      operator: { principal: 'eks.amazonaws.com', hidden: true },
    },
  ]);
  const list = async (input: DescribeInstancesCommandInput): Promise<unknown[]> => {
    const { Reservations = [] } = await it.ec2.send(new DescribeInstancesCommand(input));
    return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ Operator }) => Operator));
  };

  const usual = await list({});
  const all = await list({ IncludeManagedResources: true });

  expect(usual).toMatchObject([{ Managed: false }]);
  expect(all).toMatchObject([{ Managed: false }, { Managed: true, Principal: 'eks.amazonaws.com' }]);
  expect(it.sim.report().readableInstances).toBe(1);
});

test('a new document is being created for a moment', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1' }], 5);
  const step = { name: 'one', action: 'aws:runShellScript', inputs: { runCommand: ['true'] } };
  const Content = JSON.stringify({ schemaVersion: '2.2', mainSteps: [step] });
  await it.ssm.send(new CreateDocumentCommand({ Name: 'Fresh', Content, DocumentType: 'Command' }));
  const status = async (): Promise<string | undefined> =>
    (await it.ssm.send(new DescribeDocumentCommand({ Name: 'Fresh' }))).Document?.Status;

  expect(await status()).toBe('Creating');
  await expect.poll(status).toBe('Active');
});
