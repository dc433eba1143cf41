/** What the resources of the API tell of a seeded organization. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountRow, CoverageMap, TargetRow } from '@muster/api/accounts';
import type { EffectiveConfiguration, Processes, RedisFacts } from '@muster/api/installation';
import type { FindingRow } from '@muster/api/findings';
import type { InstanceRow, InstanceStory } from '@muster/api/instances';
import type { Overview } from '@muster/api/overview';
import type { Page } from '@muster/api/paging';
import type { Rollout, Wave } from '@muster/api/rollout';
import type { Sweep } from '@muster/api/sweeps';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { accountId, HOSTILE_OUTPUT, SEEDED, seedOrganization } from '../console/seeded-ledger.fixture.ts';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';

let app: RunningApp;
const nowMs = Date.now();
beforeAll(async () => {
  app = await startApp({
    configuration: parsedSystemConfig(OFFLINE_FACTS, {
      muster: {
        freeze: [{ name: 'year-end', from: '2026-01-01', to: '2127-01-04', accounts: [accountId(1)] }],
        rollout: { waves: [{ name: 'canary', accounts: [accountId(0)] }, { name: 'rest' }] },
        limits: { installs_in_flight: 40 },
      },
    }),
  });
  const { ledger } = app;
  await seedOrganization(ledger, nowMs);
  await ledger.control.pause({
    scope: `account:${accountId(5)}`,
    atMs: nowMs,
    by: 'brake',
    reason: '9 of 10',
  });
  await ledger.approvals.ask({
    subject: 'wave:rest',
    hosts: 12,
    accounts: 3,
    basis: 'x',
    grow: 0.1,
    detail: 'Wave rest begins with it.',
  });
  await app.modelHas(SEEDED.instances);
});
afterAll(() => app.stop());

async function read<T>(path: string): Promise<T> {
  const answer = await fetch(`${app.url}/api/v1${path}`);
  const body: unknown = await answer.json();
  expect(answer.status, JSON.stringify(body)).toBe(200);
  return body as T;
}

test('the overview says how much of the organization its figures leave out', async () => {
  const overview = await read<Overview>('/overview');

  expect(overview.instances.byState['joined']).toBe(SEEDED.joined);
  expect(overview.sweep?.notRead.accounts).toBe(SEEDED.accountsDenied);
  expect(overview.sweep?.state).toBe('running');
  expect(overview.funnel.reduce((sum, { hosts }) => sum + hosts, 0)).toBe(SEEDED.instances);
  expect(overview.funnel.find(({ state }) => state === 'discovered')?.hosts).toBe(0);
  expect(overview.needs.map(({ kind }) => kind)).toContain('accounts-not-read');
  const owners = Object.fromEntries(overview.findingsByOwner.map(({ owner, hosts }) => [owner, hosts]));
  expect(Object.values(owners).reduce((sum, hosts) => sum + hosts, 0)).toBe(19);
});

test('of each state of the funnel the host is told that has been there longest', async () => {
  const { funnel } = await read<Overview>('/overview');
  const oldest = funnel.find(({ state }) => state === 'failed')?.oldest;
  const { items } = await read<Page<InstanceRow>>('/instances?state=failed&sort=since&limit=1');

  expect(oldest).toEqual({ instanceId: items[0]?.instanceId, since: items[0]?.since });
});

describe('accounts', () => {
  test('one that cannot be entered is denied, with the missing action, and has no hosts', async () => {
    const { items, total } = await read<Page<AccountRow>>('/accounts?status=denied');

    expect(total).toBe(1);
    expect(items.find((row) => row.accountId === accountId(19))).toMatchObject({
      status: 'denied',
      cause: 'ec2-perm-account-denied',
      detail: expect.stringContaining('sts:AssumeRole') as string,
    });
  });

  test('a pause of an account is told, and one account is what the list says of it', async () => {
    const { items } = await read<Page<AccountRow>>('/accounts?limit=500');
    const one = await read<AccountRow>(`/accounts/${accountId(3)}`);

    expect(
      items
        .filter(({ paused }) => paused)
        .map((row) => row.accountId)
        .toSorted(),
    ).toEqual([accountId(3), accountId(5)]);
    expect(one).toEqual(items.find((row) => row.accountId === accountId(3)));
    expect(items.reduce((sum, { joined }) => sum + joined, 0)).toBe(SEEDED.joined);
  });

  test('targets are found by account and status, and the map has each of them', async () => {
    const ofOne = await read<Page<TargetRow>>(`/targets?account=${accountId(0)}`);
    const failed = await read<Page<TargetRow>>('/targets?status=failed,throttled');
    const map = await read<CoverageMap>('/coverage-map');

    expect(ofOne.total).toBe(4);
    expect(failed.total).toBe(2);
    expect(map.accounts.length).toBe(SEEDED.accounts);
    expect(map.regions.length).toBe(4);
  });
});

describe('instances', () => {
  test('are found by state, cause and account at once, with the total of all pages', async () => {
    const failed = await read<Page<InstanceRow>>('/instances?state=failed&limit=3');
    const full = await read<Page<InstanceRow>>(
      '/instances?cause=host-disk-full&sort=-since&fields=instanceId,cause',
    );

    expect([failed.items.length, failed.total]).toEqual([3, 7]);
    expect(full.items.map(({ cause }) => cause)).toEqual(Array.from({ length: 3 }, () => 'host-disk-full'));
  });

  test('a page tells the command, the node and what is waited for, as their records have them now', async () => {
    const { items } = await read<Page<InstanceRow>>('/instances?state=failed,joined,installed&limit=500');
    const of = (state: string) => items.filter((row) => row.state === state);

    expect(of('failed').map(({ waitsFor }) => waitsFor)).toEqual(Array.from({ length: 7 }, () => 'back-off'));
    expect(of('failed').every(({ commandId }) => commandId !== null)).toBe(true);
    expect(of('joined').every(({ nodeId, waitsFor }) => nodeId !== null && waitsFor === null)).toBe(true);
    expect(of('installed').every(({ commandId, nodeId }) => commandId === null && nodeId === null)).toBe(
      true,
    );
  });

  test.each([
    ['state=faild', 'state', 'did you mean failed?'],
    ['cause=host-disk-ful', 'cause', 'did you mean host-disk-full?'],
    ['owner=me', 'owner', 'Known: operator'],
  ])('%s is a slip, and no empty list', async (query, parameter, text) => {
    const answer = await fetch(`${app.url}/api/v1/instances?${query}`);

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      errors: [{ parameter, detail: expect.stringContaining(text) as string }],
    });
  });

  test('the story of one has its attempts, its links and no control character of its output', async () => {
    const { items } = await read<Page<InstanceRow>>('/instances?cause=host-disk-full&limit=1');
    const story = await read<InstanceStory>(`/instances/${items[0]?.instanceId}`);

    expect(story).toMatchObject({ state: 'failed', attemptCount: 1, owner: items[0]?.owner });
    expect(story.links.ec2).toContain(story.instanceId);
    expect(story.links.command).toContain('run-command');
    expect(story.timeline.at(-1)?.to).toBe('failed');
    const output = story.attempts.at(-1)?.output ?? '';
    expect(output).toContain(HOSTILE_OUTPUT.slice(0, 20));
    expect(output).not.toMatch(/[\u200b\u202e]/);
  });

  test('one that no scan has seen is not found, and what is no id is a fault', async () => {
    const [unknown, none] = await Promise.all([
      fetch(`${app.url}/api/v1/instances/i-0123456789abcdef0`),
      fetch(`${app.url}/api/v1/instances/i-1`),
    ]);

    expect([unknown.status, none.status]).toEqual([404, 400]);
  });

  test.each(['csv', 'ndjson'])(
    'an export as %s has every row of the filter, in the order asked for',
    async (format) => {
      const answer = await fetch(`${app.url}/api/v1/instances.${format}?state=joined&sort=-instanceId`);
      const lines = (await answer.text()).trimEnd().split('\n');

      expect(answer.headers.get('content-disposition')).toContain(`instances.${format}`);
      const rows = format === 'csv' ? lines.slice(1) : lines;
      expect(rows.length).toBe(SEEDED.joined);
      const ids = rows.map((line) => /i-[0-9a-f]{17}/.exec(line)?.[0] ?? '');
      expect(ids).toEqual(ids.toSorted().toReversed());
    },
  );
});

test.each(['csv', 'ndjson'])('a known secret in a text of AWS is not exported as %s', async (format) => {
  const other = await startApp({ secrets: ['media-prod'] });
  await seedOrganization(other.ledger, nowMs);
  await other.modelHas(SEEDED.instances);

  const document = await (await fetch(`${other.url}/api/v1/instances.${format}`)).text();

  expect(document).toContain('[redacted]');
  expect(document).toContain('data-prod');
  expect(document).not.toContain('media-prod');
  await other.stop();
});

test('while Redis is away the list still answers, without what only the ledger knows, and marked', async () => {
  const other = await startApp();
  await seedOrganization(other.ledger, nowMs);
  await other.modelHas(SEEDED.instances);
  const list = async () =>
    (await (await fetch(`${other.url}/api/v1/instances?state=joined&limit=1`)).json()) as Page<InstanceRow>;
  expect(await list()).toMatchObject({ stale: false, items: [{ nodeId: expect.any(String) as string }] });

  await other.redis.stop();

  await expect.poll(list).toMatchObject({ stale: true, items: [{ state: 'joined', nodeId: null }] });
  await other.stop();
});

test('the hosts of a cause are one finding, with the accounts that they are in and how many there were before', async () => {
  const { items: hosts } = await read<Page<InstanceRow>>('/instances?cause=ec2-join-failure');
  const accounts = new Set(hosts.map((host) => host.accountId));

  await expect
    .poll(async () => (await read<Page<FindingRow>>('/findings?kind=cause:ec2-join-failure')).items)
    .toMatchObject([
      {
        hosts: 4,
        accounts: accounts.size,
        owner: hosts[0]?.owner,
        // Nothing was kept so long ago.
        trend: null,
        stopsSending: false,
      },
    ]);
});

test('sweeps: the one that runs, and those that ended before it', async () => {
  const { items } = await read<Page<Sweep>>('/sweeps');

  expect(items[0]).toMatchObject({ state: 'running', verdict: null, accounts: { total: SEEDED.accounts } });
});

test('the roll-out tells waves, windows, caps, the brake, pauses and what waits for an approval', async () => {
  const rollout = await read<Rollout>('/rollout');
  const waves = await read<Page<Wave>>('/waves');

  expect(rollout.freezes).toEqual([
    {
      name: 'year-end',
      active: true,
      from: '2026-01-01T00:00:00.000Z',
      until: '2127-01-04T00:00:00.000Z',
      stops: ['sends', 'repairs', 'clean-up'],
      where: `accounts ${accountId(1)}`,
    },
  ]);
  expect(rollout.caps[0]).toMatchObject({ cap: 'all', limit: 40 });
  expect(rollout.brake.engaged.map(({ scope }) => scope)).toEqual([`account:${accountId(5)}`]);
  expect(rollout.pauses.length).toBe(2);
  expect(rollout.approvals).toMatchObject([{ subject: 'wave:rest', hosts: 12, accounts: 3 }]);
  expect(waves.items.map(({ name }) => name)).toEqual(['canary', 'rest']);
  expect(rollout.waves).toEqual(waves.items);
});

test('the configuration in force has no secret, and says what is not the default', async () => {
  const { settings } = await read<EffectiveConfiguration>('/configuration');
  const by = new Map(settings.map((one) => [one.path, one]));

  expect(by.get('muster.limits.installs_in_flight')).toMatchObject({ value: '40', isDefault: false });
  expect(by.get('muster.redis.url')?.value).toBe('[redacted]');
});

test('processes have their clock and their load', async () => {
  const { ledger } = app;
  await ledger.clocks.tell({
    name: 'host/1',
    part: 'worker',
    offsetMs: 400_000,
    roundTripMs: 1,
    readAtMs: await ledger.clocks.now(),
    offSinceMs: null,
    load: { cpuShare: 0.25, memoryBytes: 100_000_000 },
  });

  const { items } = await read<Processes>('/processes');

  expect(items).toMatchObject([
    {
      name: 'host/1',
      part: 'worker',
      clockIsOff: true,
      release: null,
      cpuShare: 0.25,
      memoryBytes: 100_000_000,
    },
  ]);
});

test('Redis says what it is, and how many jobs wait', async () => {
  const redis = await read<RedisFacts>('/redis');

  expect(redis).toMatchObject({
    server: expect.stringMatching(/^(redis|valkey)$/) as string,
    evictionPolicy: 'noeviction',
    memoryLimitBytes: null,
  });
  expect(redis.queues['discovery']).toMatchObject({ waiting: 0 });
});
