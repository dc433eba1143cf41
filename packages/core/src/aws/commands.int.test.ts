import { describe, expect, it } from 'vitest';
import type { CommandRequest, Invocation, TargetAccess } from '../install/command.ts';
import { AccountId, Region, type InstanceId } from '../organization/ids.ts';
import type { AwsAdapter } from './adapter.ts';
import { clock, flat, signal, useSimulatedAws } from './simulated-aws.fixture.ts';

const { start, sim, count, firstTarget } = useSimulatedAws();

function request(instanceIds: readonly InstanceId[], change: Partial<CommandRequest> = {}): CommandRequest {
  return {
    documentName: 'AWS-RunShellScript',
    instanceIds,
    parameters: { commands: ['true'], executionTimeout: ['60'] },
    comment: 'muster:v1:test:batch',
    deliveryTimeoutSeconds: 60,
    windowEndMonotonicMs: clock.monotonicMs() + 10_000,
    ...change,
  };
}

async function untilAll(
  adapter: AwsAdapter,
  access: TargetAccess,
  commandId: Invocation['commandId'],
  isEnough: (invocations: readonly Invocation[]) => boolean,
): Promise<readonly Invocation[]> {
  for (;;) {
    const invocations = await adapter.listInvocations(access, commandId, signal);
    if (isEnough(invocations)) return invocations;
    await clock.sleep(20, signal);
  }
}

describe('commands', () => {
  it('are sent, followed by their id, found by their marker, and end with output', async () => {
    const adapter = await start({ accounts: 1, regions: 1, instances: 60, speed: 50 });
    const { access, instances } = await firstTarget(adapter);
    const ids = instances.slice(0, 50).map((instance) => instance.instanceId);
    const invokedAfterMs = clock.now() - 5_000;

    const sent = await adapter.sendCommand(access, request(ids, { comment: 'muster:v1:abc:xyz' }), signal);

    if (sent.kind !== 'accepted') throw new Error(sent.message);
    expect(sent.expiresAtMs).toBeGreaterThan(clock.now() + 100_000);
    const done = await untilAll(
      adapter,
      access,
      sent.commandId,
      (all) => all.length === 50 && all.every((one) => one.statusDetails === 'Success'),
    );
    expect(done.map((one) => one.instanceId).toSorted()).toEqual(ids.toSorted());
    expect(done[0]).toMatchObject({ comment: 'muster:v1:abc:xyz', documentName: 'AWS-RunShellScript' });
    expect(done[0]?.plugin).toMatchObject({ responseCode: 0, output: expect.any(String) });

    const query = { documentName: 'AWS-RunShellScript', invokedAfterMs };
    const found = await flat(adapter.findInvocations(access, query, signal));
    expect(found.filter((one) => one.comment === 'muster:v1:abc:xyz')).toHaveLength(50);
    const later = { ...query, invokedAfterMs: clock.now() + 60_000 };
    expect(await flat(adapter.findInvocations(access, later, signal))).toEqual([]);

    const [first] = done;
    if (first?.plugin === null || first === undefined) throw new Error('a plugin expected');
    const output = await adapter.readOutput(access, { ...first, pluginName: first.plugin.name }, signal);
    expect(output).toMatchObject({ responseCode: 0 });
    expect(await adapter.cancelCommand(access, sent.commandId, ids, signal)).toBe('requested');
  });

  it('of an unknown id have no invocations and no output', async () => {
    const adapter = await start({ accounts: 1, regions: 1, instances: 4 });
    const { access, instances } = await firstTarget(adapter);
    const [first] = instances;
    if (first === undefined) throw new Error('an instance expected');
    const commandId = '00000000-0000-4000-8000-000000000000' as Invocation['commandId'];

    expect(await adapter.listInvocations(access, commandId, signal)).toEqual([]);
    const unknown = { commandId, instanceId: first.instanceId, pluginName: null };
    expect(await adapter.readOutput(access, unknown, signal)).toBeNull();
  });

  it('are refused as a whole for an instance that SSM does not know, which is named', async () => {
    const adapter = await start({ accounts: 1, regions: 1, instances: 20 });
    const { access, instances } = await firstTarget(adapter);
    const stranger = 'i-0badbadbadbadbad0' as InstanceId;

    const sent = await adapter.sendCommand(
      access,
      request([stranger, ...instances.slice(0, 3).map((instance) => instance.instanceId)]),
      signal,
    );

    expect(sent).toMatchObject({
      kind: 'refused',
      reason: 'invalid-instance-id',
      instanceIds: [stranger],
      awsCode: 'InvalidInstanceId',
    });
    expect(sim().report().commands.sent).toBe(0);
  });

  it('are refused with the reason for a bad document, a bad parameter, a denied action and a region that is off', async () => {
    const adapter = await start({ accounts: 2, regions: 2, instances: 40 });
    const { access, instances } = await firstTarget(adapter);
    const ids = instances.slice(0, 1).map((instance) => instance.instanceId);
    const off = { ...access, region: Region.parse('me-south-1') };

    expect([
      await adapter.sendCommand(access, request(ids, { documentName: 'NoSuchDocument' }), signal),
      await adapter.sendCommand(access, request(ids, { deliveryTimeoutSeconds: 1 }), signal),
      await adapter.sendCommand(off, request(ids), signal),
    ]).toMatchObject([
      { kind: 'refused', reason: 'invalid-document' },
      { kind: 'refused', reason: 'invalid-parameters' },
      { kind: 'refused', reason: 'region-off' },
    ]);

    await sim().change({ op: 'deny-actions', accountId: access.accountId, actions: ['ssm:SendCommand'] });
    expect(await adapter.sendCommand(access, request(ids), signal)).toMatchObject({
      kind: 'refused',
      reason: 'denied',
      awsCode: 'AccessDeniedException',
    });
    await sim().change({ op: 'deny-actions', accountId: access.accountId, actions: ['ssm:CancelCommand'] });
    const commandId = '00000000-0000-4000-8000-000000000000' as Invocation['commandId'];
    expect(await adapter.cancelCommand(access, commandId, ids, signal)).toBe('denied');
  });

  it.each([
    ['reset-after', 1],
    ['error-after', 1],
    ['reset-before', 0],
    ['error', 0],
  ] as const)('are ambiguous after %s, sent by one request only', async (kind, accepted) => {
    const adapter = await start({ accounts: 1, regions: 1, instances: 10 });
    const { access, instances } = await firstTarget(adapter);
    await sim().change({ op: 'add-fault', fault: { kind, apis: ['ssm:SendCommand'], probability: 1 } });

    const sent = await adapter.sendCommand(
      access,
      request(instances.slice(0, 2).map((instance) => instance.instanceId)),
      signal,
    );

    expect(sent).toMatchObject({ kind: 'ambiguous' });
    expect(count('ssm:SendCommand')).toBe(1);
    expect(sim().report().commands.sent).toBe(accepted);
  });

  it('are refused when throttled, and a role that cannot be assumed refuses before anything is sent', async () => {
    const adapter = await start({ accounts: 1, regions: 1, instances: 10 });
    const { access, instances } = await firstTarget(adapter);
    const ids = instances.slice(0, 1).map((instance) => instance.instanceId);
    await sim().change({
      op: 'add-fault',
      fault: { kind: 'throttle', apis: ['ssm:SendCommand'], probability: 1 },
    });

    expect(await adapter.sendCommand(access, request(ids), signal)).toMatchObject({
      kind: 'refused',
      reason: 'throttled',
    });
    const foreign = { ...access, accountId: AccountId.parse('999988887777') };
    expect(await adapter.sendCommand(foreign, request(ids), signal)).toMatchObject({
      kind: 'refused',
      reason: 'denied',
    });
    expect(
      await adapter.sendCommand(
        access,
        request(ids, { windowEndMonotonicMs: clock.monotonicMs() - 1 }),
        signal,
      ),
    ).toMatchObject({
      kind: 'refused',
      reason: 'not-sent',
    });
    expect(await adapter.sendCommand(access, request(ids), AbortSignal.abort())).toMatchObject({
      kind: 'refused',
      reason: 'not-sent',
    });
    expect(count('ssm:SendCommand')).toBe(1);
  });
});
