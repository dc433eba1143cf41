import { ListAccountsCommand } from '@aws-sdk/client-organizations';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import type { AwsSim } from '../start.ts';
import { seen } from '../testing/answers.ts';
import { memberClients, sdkClients } from '../testing/sdk-clients.ts';
import { startProxy, startSim, startWorld } from '../testing/simulators.ts';
import { readWorldFile } from '../world/file.ts';

const MEMBER = '100000000002';

async function post(sim: AwsSim, body: unknown): Promise<{ status: number; value: unknown }> {
  const answer = await fetch(`${sim.url}/_sim/world`, { method: 'POST', body: JSON.stringify(body) });
  return { status: answer.status, value: await answer.json() };
}

async function get(sim: AwsSim, path: string): Promise<unknown> {
  return (await fetch(`${sim.url}${path}`)).json();
}

function start(): Promise<AwsSim> {
  return startWorld({
    name: 'control',
    accounts: [
      { id: '100000000001' },
      { id: MEMBER, ouPath: 'A', instances: [{ region: 'us-east-1', count: 3 }] },
    ],
  });
}

function enter(sim: AwsSim): ReturnType<typeof seen> {
  const RoleArn = `arn:aws:iam::${MEMBER}:role/any-role`;
  return seen(sdkClients(sim).sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'x2' })));
}

describe('changes over HTTP', () => {
  test('a role that is taken away and given back', async () => {
    const sim = await start();

    const answers = [await enter(sim)];
    await post(sim, { op: 'set-role', accountId: MEMBER, role: 'missing' });
    answers.push(await enter(sim));
    const during = sim.report().readableInstances;
    await post(sim, { op: 'set-role', accountId: MEMBER, role: 'ok' });
    answers.push(await enter(sim));

    expect(answers.map((answer) => answer.ok)).toEqual([true, false, true]);
    expect([during, sim.report().readableInstances]).toEqual([0, 3]);
  });

  test('sessions that are ended at once', async () => {
    const sim = await start();
    const { ec2 } = await memberClients(sim, MEMBER);

    await post(sim, { op: 'expire-sessions', accountId: MEMBER });

    expect((await seen(ec2.send(new DescribeInstancesCommand({})))).name).toBe('RequestExpired');
  });

  test('an account that is added, moved and suspended', async () => {
    const sim = await start();
    const list = async (): Promise<unknown> => {
      const { Accounts = [] } = await sdkClients(sim).organizations.send(new ListAccountsCommand({}));
      return Accounts.map(({ Id, State, Paths }) => [Id, State, Paths?.[0]?.split('/').length]);
    };

    await post(sim, [
      { op: 'add-account', account: { id: '100000000003', ouPath: 'A/B/C' } },
      { op: 'move-account', accountId: MEMBER, ouPath: '' },
      { op: 'set-account-state', accountId: MEMBER, state: 'SUSPENDED' },
    ]);

    expect(await list()).toEqual([
      ['100000000001', 'ACTIVE', 4],
      [MEMBER, 'SUSPENDED', 4],
      ['100000000003', 'ACTIVE', 7],
    ]);
  });

  test('that cannot be made are named, the others are made', async () => {
    const sim = await start();

    const answer = await post(sim, [
      { op: 'stop-instance', instanceId: 'i-0123456789abcdef0' },
      { op: 'set-role', accountId: MEMBER, role: 'denied' },
    ]);

    expect(answer).toEqual({
      status: 409,
      value: {
        results: [
          { op: 'stop-instance', error: 'there is no instance i-0123456789abcdef0' },
          { op: 'set-role' },
        ],
      },
    });
  });

  test('that are not known are refused whole', async () => {
    const sim = await start();

    expect(await post(sim, { op: 'explode' })).toMatchObject({ status: 400 });
  });
});

test('a world of its own time line changes by itself', async () => {
  const proxy = await startProxy();
  const world = readWorldFile(new URL('../../worlds/moving-organization.yaml', import.meta.url).pathname);

  const sim = await startSim({ world, speed: 2_000, proxyUrl: proxy.url });
  const early = proxy.requests.slice();
  await expect.poll(() => sim.report().accounts, { timeout: 10_000 }).toBe(4);
  await expect
    .poll(() => sim.world.accountsById.get('200000000003')?.state, { timeout: 10_000 })
    .toBe('CLOSED');

  expect(early).toEqual(['POST /_sim/nodes']);
  expect(sim.world.accountsById.get('200000000002')?.role).toBe('ok');
  expect(sim.report()).toMatchObject({ instances: 14, joined: 1 });
});

test('what is asked about the simulator needs no signature', async () => {
  const sim = await start();

  expect(await get(sim, '/_sim/health')).toMatchObject({ status: 'ok', organizationId: sim.organizationId });
  expect(await get(sim, '/_sim/world')).toMatchObject({
    name: 'control',
    managementAccountId: '100000000001',
  });
  expect(await get(sim, `/_sim/instances?account=${MEMBER}&limit=2`)).toMatchObject({
    truncated: true,
    instances: { length: 2 },
  });
  expect(await get(sim, '/_sim/commands')).toEqual({ truncated: false, commands: [] });
  expect(await get(sim, '/_sim/report')).toMatchObject({
    accounts: 2,
    instances: 3,
    installs: { perInstance: { 0: 3 } },
  });
});
