import { ListRegionsCommand } from '@aws-sdk/client-account';
import { paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { paginateListAccounts, paginateListAccountsForParent } from '@aws-sdk/client-organizations';
import {
  paginateDescribeInstanceInformation,
  paginateListCommandInvocations,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import { describe, expect, test } from 'vitest';
import type { FaultRule } from '../faults/rules.ts';
import type { AwsSim } from '../start.ts';
import { memberClients, sdkClients } from '../testing/sdk-clients.ts';
import { startWorld } from '../testing/simulators.ts';

const MEMBER = '100000000002';

function start(faults: FaultRule[] = []): Promise<AwsSim> {
  return startWorld({
    name: 'pages',
    seed: 3,
    limits: { '*': null },
    faults,
    latency: { visibilityMs: [0, 0] },
    accounts: [
      { id: '100000000001' },
      { id: MEMBER, instances: [{ region: 'us-east-1', count: 137 }] },
      ...Array.from({ length: 45 }, (_, i) => ({ id: String(200_000_000_000 + i), ouPath: 'Many' })),
    ],
  });
}

/** All rows of a paginated listing, and how many of its pages were empty. */
async function collect<P, T>(
  pages: AsyncIterable<P>,
  rowsOf: (page: P) => T[] | undefined,
): Promise<{ rows: T[]; pages: number; empty: number }> {
  const all = { rows: [] as T[], pages: 0, empty: 0 };
  for await (const page of pages) {
    const rows = rowsOf(page) ?? [];
    all.rows.push(...rows);
    all.pages += 1;
    if (rows.length === 0) all.empty += 1;
  }
  return all;
}

async function listEverything(
  sim: AwsSim,
): Promise<{ accounts: string[]; instances: string[]; nodes: string[]; pages: number; empty: number }> {
  const { organizations } = sdkClients(sim);
  const { ec2, ssm } = await memberClients(sim, MEMBER);
  const accounts = await collect(
    paginateListAccounts({ client: organizations, pageSize: 20 }, {}),
    (p) => p.Accounts,
  );
  const instances = await collect(
    paginateDescribeInstances({ client: ec2, pageSize: 10 }, {}),
    (p) => p.Reservations,
  );
  const nodes = await collect(
    paginateDescribeInstanceInformation({ client: ssm, pageSize: 50 }, {}),
    (p) => p.InstanceInformationList,
  );
  return {
    accounts: accounts.rows.map((account) => account.Id ?? ''),
    instances: instances.rows.flatMap((r) => r.Instances ?? []).map((i) => i.InstanceId ?? ''),
    nodes: nodes.rows.map((node) => node.InstanceId ?? ''),
    pages: accounts.pages + instances.pages + nodes.pages,
    empty: accounts.empty + instances.empty + nodes.empty,
  };
}

test('pages hold every row once', async () => {
  const sim = await start();

  const all = await listEverything(sim);

  expect([all.accounts.length, new Set(all.accounts).size]).toEqual([47, 47]);
  expect([all.instances.length, new Set(all.instances).size]).toEqual([137, 137]);
  expect([...all.nodes].sort()).toEqual([...all.instances].sort());
  expect(all.pages).toBe(3 + 14 + 3);
});

test('the default page of DescribeInstanceInformation holds ten', async () => {
  const sim = await start();
  const { ssm } = await memberClients(sim, MEMBER);

  const nodes = await collect(
    paginateDescribeInstanceInformation({ client: ssm }, {}),
    (p) => p.InstanceInformationList,
  );

  expect([nodes.rows.length, nodes.pages]).toEqual([137, 14]);
});

describe('pages under faults', () => {
  test('empty pages carry a token and lose nothing', async () => {
    const sim = await start([{ kind: 'empty-page', apis: ['*'], probability: 0.4 }]);

    const all = await listEverything(sim);

    expect(all.empty).toBeGreaterThan(0);
    expect([all.accounts.length, all.instances.length, all.nodes.length]).toEqual([47, 137, 137]);
  });

  test('duplicated pages repeat rows and lose nothing', async () => {
    const sim = await start([{ kind: 'duplicate-page', apis: ['*'], probability: 0.5 }]);

    const all = await listEverything(sim);

    expect(all.instances.length).toBeGreaterThan(137);
    expect(new Set(all.instances).size).toBe(137);
    expect(new Set(all.accounts).size).toBe(47);
  });

  test('reordered pages hold the same rows', async () => {
    const plain = await listEverything(await start());
    const shuffled = await listEverything(await start([{ kind: 'reorder-page', apis: ['*'] }]));

    expect(shuffled.accounts).not.toEqual(plain.accounts);
    expect([...shuffled.accounts].sort()).toEqual([...plain.accounts].sort());
  });
});

test('a token belongs to its question', async () => {
  const sim = await start();
  const { account } = await memberClients(sim, MEMBER);
  const { NextToken } = await account.send(new ListRegionsCommand({ MaxResults: 1 }));

  const other = account.send(
    new ListRegionsCommand({ MaxResults: 1, NextToken, RegionOptStatusContains: ['DISABLED'] }),
  );

  await expect(other).rejects.toMatchObject({ name: 'ValidationException' });
});

test('accounts of a unit are paged like all others', async () => {
  const sim = await start();
  const { organizations } = sdkClients(sim);
  const ParentId = sim.world.accounts.at(-1)?.parentId;

  const many = await collect(
    paginateListAccountsForParent({ client: organizations }, { ParentId }),
    (p) => p.Accounts,
  );

  expect([many.rows.length, many.pages]).toEqual([45, 3]);
});

test('invocations of a command are paged', async () => {
  const sim = await start();
  const { ssm } = await memberClients(sim, MEMBER);
  const { Command } = await ssm.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      Targets: [{ Key: 'tag:env', Values: ['prod'] }],
      Parameters: { commands: ['true'] },
    }),
  );

  const all = await collect(
    paginateListCommandInvocations({ client: ssm }, { CommandId: Command?.CommandId }),
    (page) => page.CommandInvocations,
  );

  expect([all.rows.length, all.pages]).toEqual([137, 3]);
});
