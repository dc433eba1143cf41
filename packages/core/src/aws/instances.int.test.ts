import { describe, expect, it } from 'vitest';
import { AccountId, Region } from '../organization/ids.ts';
import { flat, roleIn, signal, useSimulatedAws } from './simulated-aws.fixture.ts';

const { start, sim, calls, count, accountsOf, readWorld, firstTarget } = useSimulatedAws();

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
    const accountId = AccountId.parse(sim().managementAccountId);
    const role = roleIn(accountId);
    const [region] = await adapter.listRegions(accountId, role, signal);
    if (region === undefined) throw new Error('a region expected');

    const listing = flat(adapter.listInstances({ accountId, region, role }, signal));

    await expect(listing).rejects.toMatchObject({
      code: 'aws.throttled',
      retry: { afterMs: expect.any(Number) },
    });
    expect(calls().filter((call) => call.action === 'ec2:DescribeInstances')).toMatchObject([
      { outcome: 'throttled', accountId, region },
    ]);
  });

  it('are behind a region that is off, which is told from bad credentials', async () => {
    const adapter = await start({ accounts: 2, regions: 2, instances: 0, scenario: 'clean' });
    const accountId = AccountId.parse(sim().managementAccountId);
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
      (account) => account.accountId !== sim().managementAccountId,
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
    await sim().change({ op: 'deny-regions', accountId, regions: [region] });
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
