import { type AwsSim, type AwsSimOptions, startAwsSim } from '@muster/aws-sim/start';
import { afterEach, describe, expect, it } from 'vitest';
import type { Account, OrganizationScope } from '../domain/account.ts';
import type { CommandRequest, Invocation, TargetAccess } from '../domain/command.ts';
import { AccountId, type InstanceId, Region } from '../domain/ids.ts';
import type { Instance } from '../domain/instance.ts';
import type { RoleReference } from '../domain/matcher.ts';
import type { AwsCall } from '../ports/aws-call.ts';
import { createClock } from '../runtime/clock.ts';
import { type AwsAdapter, type AwsAdapterDeps, createAwsAdapter } from './adapter.ts';

/** The adapter against the simulated organization, over HTTP, as the worker uses it. */
const signal = AbortSignal.timeout(60_000);
const clock = createClock();

let sim: AwsSim;
let calls: AwsCall[];
const open: { close(): unknown }[] = [];

async function start(options: AwsSimOptions, deps: Partial<AwsAdapterDeps> = {}): Promise<AwsAdapter> {
  sim = await startAwsSim({ scenario: 'clean', seed: 3, ...options });
  process.env['AWS_ENDPOINT_URL'] = sim.url;
  calls = [];
  const adapter = createAwsAdapter({
    clock,
    observe: (call) => calls.push(call),
    partition: 'aws',
    // oxlint-disable-next-line typescript/require-await -- a source answers with a promise
    baseCredentials: async () => ({
      accessKeyId: 'SIMULATEDMUSTERKEY00',
      secretAccessKey: 'simulated-secret',
    }),
    ...deps,
  });
  open.push(adapter, sim);
  return adapter;
}

afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

function scope(change: Partial<OrganizationScope> = {}): OrganizationScope {
  return { organizationId: sim.organizationId, includeOus: ['*'], excludeOus: [], ...change };
}

function roleIn(accountId: AccountId, externalId: string | null = null): RoleReference {
  return { arn: `arn:aws:iam::${accountId}:role/muster/discovery`, externalId };
}

async function flat<Item>(pages: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

function count(action: string): number {
  return calls.filter((call) => call.action === action).length;
}

async function accountsOf(adapter: AwsAdapter): Promise<Account[]> {
  return flat(adapter.listAccounts(scope(), signal));
}

/** All targets of the world that answer, with what they hold. */
async function readWorld(adapter: AwsAdapter): Promise<Map<TargetAccess, Instance[]>> {
  const world = new Map<TargetAccess, Instance[]>();
  for (const { accountId } of await accountsOf(adapter)) {
    const role = roleIn(accountId);
    for (const region of await adapter.listRegions(accountId, role, signal)) {
      const access = { accountId, region, role };
      world.set(access, await flat(adapter.listInstances(access, signal)));
    }
  }
  return world;
}

async function firstTarget(adapter: AwsAdapter): Promise<{ access: TargetAccess; instances: Instance[] }> {
  for (const [access, instances] of await readWorld(adapter)) {
    if (instances.length >= 2) return { access, instances };
  }
  throw new Error('the world has no target with two instances');
}

function request(instanceIds: readonly InstanceId[], change: Partial<CommandRequest> = {}): CommandRequest {
  return {
    documentName: 'AWS-RunShellScript',
    instanceIds,
    parameters: { commands: ['true'], executionTimeout: ['60'] },
    comment: 'muster:v1:test:batch',
    deliveryTimeoutSeconds: 60,
    notAfterMs: clock.now() + 10_000,
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

describe('the organization', () => {
  it('lists every account once, with its units, in one chain of calls', async () => {
    const adapter = await start({ accounts: 45, regions: 1, instances: 0 });

    const accounts = await accountsOf(adapter);

    expect(accounts).toHaveLength(45);
    expect(new Set(accounts.map((account) => account.accountId)).size).toBe(45);
    expect(accounts.every((account) => account.ancestorIds[0]?.startsWith('r-'))).toBe(true);
    expect(count('organizations:ListAccounts')).toBe(3);
    expect(count('organizations:ListChildren')).toBe(0);
  });

  it('walks the units to the same accounts where ListAccounts is denied', async () => {
    const adapter = await start({
      accounts: 45,
      regions: 1,
      instances: 0,
      settings: { access: { deniedDiscoveryActions: ['organizations:ListAccounts'] } },
    });

    const walked = await accountsOf(adapter);

    expect(walked).toHaveLength(45);
    expect(count('organizations:ListAccountsForParent')).toBeGreaterThan(0);
    const direct = await start({ accounts: 45, regions: 1, instances: 0 });
    const sorted = (list: Account[]): Account[] =>
      list.toSorted((a, b) => a.accountId.localeCompare(b.accountId));
    expect(sorted(await accountsOf(direct))).toEqual(sorted(walked));
  });

  it('gives both ways the same scope', async () => {
    const direct = await start({ accounts: 60, regions: 1, instances: 0 });
    const all = await accountsOf(direct);
    const unit = all.map((account) => account.ancestorIds[1]).find((id) => id !== undefined);
    const narrow = scope({ includeOus: [unit ?? ''] });
    const without = scope({ excludeOus: [unit ?? ''] });
    const ids = (list: Account[]): string[] => list.map((account) => account.accountId).toSorted();
    const inside = ids(await flat(direct.listAccounts(narrow, signal)));
    const outside = ids(await flat(direct.listAccounts(without, signal)));

    const walking = await start({
      accounts: 60,
      regions: 1,
      instances: 0,
      settings: { access: { deniedDiscoveryActions: ['organizations:ListAccounts'] } },
    });
    const walkedInside = ids(await flat(walking.listAccounts(narrow, signal)));
    const walkedOutside = ids(await flat(walking.listAccounts(without, signal)));

    expect(unit).toMatch(/^ou-/);
    expect(inside.length).toBeGreaterThan(0);
    expect([...inside, ...outside].toSorted()).toEqual(ids(all));
    expect(walkedInside).toEqual(inside);
    expect(walkedOutside).toEqual(outside);
  });

  it('refuses another organization than the configured one', async () => {
    const adapter = await start({ accounts: 2, regions: 1, instances: 0 });

    const listing = flat(adapter.listAccounts(scope({ organizationId: 'o-somebodyelse' }), signal));

    await expect(listing).rejects.toMatchObject({ code: 'aws.organization', retry: 'never' });
  });

  it('says that it is denied when both ways are', async () => {
    const adapter = await start({
      accounts: 2,
      regions: 1,
      instances: 0,
      settings: { access: { deniedDiscoveryActions: ['organizations:*'] } },
    });

    await expect(accountsOf(adapter)).rejects.toMatchObject({
      code: 'aws.denied',
      details: { missingAction: expect.stringMatching(/^organizations:/) },
    });
  });

  it('knows the account of its own credentials, asked once', async () => {
    const adapter = await start({ accounts: 2, regions: 1, instances: 0 });

    expect(await adapter.callerAccount(signal)).toBe(sim.managementAccountId);
    expect(await adapter.callerAccount(signal)).toBe(sim.managementAccountId);
    expect(count('sts:GetCallerIdentity')).toBe(1);
  });

  it('follows empty pages, drops repeated accounts and waits out throttles', async () => {
    const adapter = await start({
      accounts: 60,
      regions: 1,
      instances: 0,
      settings: {
        faults: [
          { kind: 'empty-page', apis: ['organizations:ListAccounts'], probability: 0.4 },
          { kind: 'duplicate-page', apis: ['organizations:ListAccounts'], probability: 0.4 },
          { kind: 'throttle', apis: ['organizations:ListAccounts'], probability: 0.3 },
        ],
      },
    });

    const accounts = await accountsOf(adapter);

    expect(accounts).toHaveLength(60);
    expect(new Set(accounts.map((account) => account.accountId)).size).toBe(60);
  });
});

describe('an account', () => {
  it('is entered by one AssumeRole, however many ask at once and for whatever region', async () => {
    const adapter = await start({ accounts: 3, regions: 4, instances: 0 });
    const accounts = await accountsOf(adapter);

    await Promise.all(
      accounts.flatMap(({ accountId }) =>
        Array.from({ length: 20 }, () => adapter.enter(accountId, roleIn(accountId), signal)),
      ),
    );
    await readWorld(adapter);

    expect(count('sts:AssumeRole')).toBe(3);
  });

  it('is denied when its role is missing, wants another external id, or is in another account', async () => {
    const adapter = await start({
      accounts: 3,
      regions: 1,
      instances: 0,
      settings: { access: { roleName: 'discovery', externalId: 'secret-handshake' } },
    });
    const [first, second] = (await accountsOf(adapter)).map((account) => account.accountId);
    if (first === undefined || second === undefined) throw new Error('two accounts expected');

    await adapter.enter(first, roleIn(first, 'secret-handshake'), signal);
    await expect(adapter.enter(first, roleIn(first), signal)).rejects.toMatchObject({
      code: 'aws.denied',
      retry: 'never',
      details: { missingAction: 'sts:AssumeRole' },
    });
    await expect(adapter.enter(second, roleIn(first, 'secret-handshake'), signal)).rejects.toMatchObject({
      code: 'aws.denied',
      details: { awsCode: 'WrongAccount' },
    });
  });

  it('is refused with the credentials of the worker when they belong to another one', async () => {
    const adapter = await start({ accounts: 2, regions: 1, instances: 0 });

    await adapter.enter(AccountId.parse(sim.managementAccountId), null, signal);
    await expect(adapter.enter(AccountId.parse('999988887777'), null, signal)).rejects.toMatchObject({
      code: 'aws.denied',
    });
  });

  it('tells bad credentials of the worker from a denied role', async () => {
    const adapter = await start(
      { accounts: 2, regions: 1, instances: 0 },
      // oxlint-disable-next-line typescript/require-await -- a source answers with a promise
      { baseCredentials: async () => ({ accessKeyId: 'SIMULATEDMUSTERKEY00', secretAccessKey: 'wrong' }) },
    );
    await expect(accountsOf(adapter)).rejects.toMatchObject({ code: 'aws.credentials' });
    const other = await start(
      { accounts: 2, regions: 1, instances: 0 },
      { baseCredentials: () => Promise.reject(new Error('no provider has any')) },
    );
    await expect(accountsOf(other)).rejects.toMatchObject({ code: 'aws.credentials' });
  });

  it('lists its regions by ListRegions, and by DescribeRegions where that is denied', async () => {
    const adapter = await start({ accounts: 2, regions: 4, instances: 0 });
    const accountId = AccountId.parse(sim.managementAccountId);
    const regions = await adapter.listRegions(accountId, roleIn(accountId), signal);

    const poorer = await start({
      accounts: 2,
      regions: 4,
      instances: 0,
      settings: { access: { deniedMemberActions: ['account:ListRegions'] } },
    });
    const fallback = await poorer.listRegions(accountId, roleIn(accountId), signal);

    expect(regions).toHaveLength(4);
    expect(fallback.toSorted()).toEqual(regions.toSorted());
    const poorest = await start({
      accounts: 2,
      regions: 4,
      instances: 0,
      settings: { access: { deniedMemberActions: ['account:ListRegions', 'ec2:DescribeRegions'] } },
    });
    await expect(poorest.listRegions(accountId, roleIn(accountId), signal)).rejects.toMatchObject({
      code: 'aws.denied',
      details: { missingAction: 'account:ListRegions' },
    });
  });

  it('gets a new session when AWS forgets the one it has', async () => {
    const adapter = await start({ accounts: 2, regions: 2, instances: 40 });
    const { access, instances } = await firstTarget(adapter);
    await sim.change({ op: 'expire-sessions' });

    const again = await flat(adapter.listInstances(access, signal));

    expect(again).toEqual(instances);
  });
});

describe('instances', () => {
  it('are read completely, over pages, in every target', async () => {
    const adapter = await start({ accounts: 2, regions: 2, instances: 2_000 });

    const world = await readWorld(adapter);

    const all = [...world.values()].flat();
    expect(new Set(all.map((instance) => instance.instanceId)).size).toBe(2_000);
    for (const [access, instances] of world) {
      expect(instances.every((instance) => instance.ownerId === access.accountId)).toBe(true);
    }
    expect(all[0]?.tags['env']).toBe('prod');
  });

  it('come once each although pages repeat, and completely although pages are empty or throttled', async () => {
    const adapter = await start({
      accounts: 1,
      regions: 1,
      instances: 1_500,
      settings: {
        faults: [
          { kind: 'duplicate-page', apis: ['ec2:DescribeInstances'], probability: 0.3 },
          { kind: 'empty-page', apis: ['ec2:DescribeInstances'], probability: 0.3 },
          { kind: 'error', apis: ['ec2:DescribeInstances'], probability: 0.2 },
          { kind: 'reset-before', apis: ['ec2:DescribeInstances'], probability: 0.1 },
        ],
      },
    });

    const [instances] = [...(await readWorld(adapter)).values()];

    expect(instances).toHaveLength(1_500);
    expect(new Set(instances?.map((instance) => instance.instanceId)).size).toBe(1_500);
  });

  it('are known to the SSM inventory of the target', async () => {
    const adapter = await start({ accounts: 1, regions: 1, instances: 120 });
    const { access, instances } = await firstTarget(adapter);

    const nodes = await flat(adapter.listManagedNodes(access, signal));

    expect(nodes.map((node) => node.instanceId).toSorted()).toEqual(
      instances.map((instance) => instance.instanceId).toSorted(),
    );
    expect(nodes[0]).toMatchObject({
      pingStatus: 'Online',
      agentVersion: expect.stringMatching(/^3\./),
      lastPingAtMs: expect.any(Number),
    });
  });

  it('throw at once when the first page is throttled, with a time to come back', async () => {
    const adapter = await start({
      accounts: 1,
      regions: 1,
      instances: 3,
      settings: { faults: [{ kind: 'throttle', apis: ['ec2:DescribeInstances'], probability: 1 }] },
    });
    const accountId = AccountId.parse(sim.managementAccountId);
    const role = roleIn(accountId);
    const [region] = await adapter.listRegions(accountId, role, signal);
    if (region === undefined) throw new Error('a region expected');

    const listing = flat(adapter.listInstances({ accountId, region, role }, signal));

    await expect(listing).rejects.toMatchObject({
      code: 'aws.throttled',
      retry: { afterMs: expect.any(Number) },
    });
    expect(calls.filter((call) => call.action === 'ec2:DescribeInstances')).toMatchObject([
      { outcome: 'throttled', accountId, region },
    ]);
  });

  it('are behind a region that is off, which is told from bad credentials', async () => {
    const adapter = await start({ accounts: 2, regions: 2, instances: 0, scenario: 'clean' });
    const accountId = AccountId.parse(sim.managementAccountId);
    const access = { accountId, region: Region.parse('me-south-1'), role: roleIn(accountId) };

    const codes = [
      await flat(adapter.listInstances(access, signal)).catch((error: unknown) => error),
      await flat(adapter.listManagedNodes(access, signal)).catch((error: unknown) => error),
    ];

    expect(codes).toMatchObject([{ code: 'aws.region-off' }, { code: 'aws.region-off' }]);
    expect(count('sts:AssumeRole')).toBe(1);
  });

  it('name the missing action, and a service control policy as such', async () => {
    const adapter = await start({
      accounts: 2,
      regions: 2,
      instances: 0,
      settings: { access: { deniedMemberActions: ['ec2:DescribeInstances'] } },
    });
    const member = (await accountsOf(adapter)).find(
      (account) => account.accountId !== sim.managementAccountId,
    );
    if (member === undefined) throw new Error('a member expected');
    const { accountId } = member;
    const role = roleIn(accountId);
    const [region] = await adapter.listRegions(accountId, role, signal);
    if (region === undefined) throw new Error('a region expected');

    await expect(flat(adapter.listInstances({ accountId, region, role }, signal))).rejects.toMatchObject({
      code: 'aws.denied',
      retry: 'never',
      details: { missingAction: 'ec2:DescribeInstances', scp: false, httpStatus: 403 },
    });
    await sim.change({ op: 'deny-regions', accountId, regions: [region] });
    await expect(flat(adapter.listManagedNodes({ accountId, region, role }, signal))).rejects.toMatchObject({
      code: 'aws.denied',
      details: { missingAction: 'ssm:DescribeInstanceInformation', scp: true },
    });
  });

  it('stop being read when the signal aborts, with the reason of the signal', async () => {
    const adapter = await start({ accounts: 1, regions: 1, instances: 1_500 });
    const { access } = await firstTarget(adapter);
    const abort = new AbortController();
    const reason = new Error('shutting down');

    const reading = (async () => {
      for await (const page of adapter.listInstances(access, abort.signal)) {
        expect(page.length).toBeGreaterThan(0);
        abort.abort(reason);
      }
    })();

    await expect(reading).rejects.toBe(reason);
  });
});

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
    expect(sim.report().commands.sent).toBe(0);
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

    await sim.change({ op: 'deny-actions', accountId: access.accountId, actions: ['ssm:SendCommand'] });
    expect(await adapter.sendCommand(access, request(ids), signal)).toMatchObject({
      kind: 'refused',
      reason: 'denied',
      awsCode: 'AccessDeniedException',
    });
    await sim.change({ op: 'deny-actions', accountId: access.accountId, actions: ['ssm:CancelCommand'] });
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
    await sim.change({ op: 'add-fault', fault: { kind, apis: ['ssm:SendCommand'], probability: 1 } });

    const sent = await adapter.sendCommand(
      access,
      request(instances.slice(0, 2).map((instance) => instance.instanceId)),
      signal,
    );

    expect(sent).toMatchObject({ kind: 'ambiguous' });
    expect(count('ssm:SendCommand')).toBe(1);
    expect(sim.report().commands.sent).toBe(accepted);
  });

  it('are refused when throttled, and a role that cannot be assumed refuses before anything is sent', async () => {
    const adapter = await start({ accounts: 1, regions: 1, instances: 10 });
    const { access, instances } = await firstTarget(adapter);
    const ids = instances.slice(0, 1).map((instance) => instance.instanceId);
    await sim.change({
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
      await adapter.sendCommand(access, request(ids, { notAfterMs: clock.now() - 1 }), signal),
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
