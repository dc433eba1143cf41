import { describe, expect, it } from 'vitest';
import type { Account } from '../organization/account.ts';
import { flat, signal, useSimulatedAws } from './simulated-aws.fixture.ts';

const { start, sim, count, scope, accountsOf } = useSimulatedAws();

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

    expect(await adapter.callerAccount(signal)).toBe(sim().managementAccountId);
    expect(await adapter.callerAccount(signal)).toBe(sim().managementAccountId);
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
