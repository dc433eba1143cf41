import { describe, expect, it } from 'vitest';
import { AccountId } from '../organization/ids.ts';
import { flat, roleIn, signal, useSimulatedAws } from './simulated-aws.fixture.ts';

const { start, sim, count, accountsOf, readWorld, firstTarget } = useSimulatedAws();

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

    await adapter.enter(AccountId.parse(sim().managementAccountId), null, signal);
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
    const accountId = AccountId.parse(sim().managementAccountId);
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
    await sim().change({ op: 'expire-sessions' });

    const again = await flat(adapter.listInstances(access, signal));

    expect(again).toEqual(instances);
  });
});
