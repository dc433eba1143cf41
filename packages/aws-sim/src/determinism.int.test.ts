import { DescribeInstanceInformationCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { expect, test } from 'vitest';
import type { AwsSim } from './start.ts';
import { memberClients } from './testing/sdk-clients.ts';
import { startProxy, startSim } from './testing/simulators.ts';

const INSTALL =
  'curl -sSL https://proxy.example.com/webapi/scripts/installer/default-installer | bash -s t; exit 100 101 102 103 104';

async function start(seed: number, scenario: 'realistic' | 'hostile'): Promise<AwsSim> {
  const proxy = await startProxy();
  return startSim({
    accounts: 10,
    regions: 3,
    instances: 300,
    seed,
    scenario,
    speed: 2_000,
    proxyUrl: proxy.url,
    settings: { limits: { '*': null } },
  });
}

async function groundTruth(sim: AwsSim): Promise<Record<string, unknown>[]> {
  const answer = await fetch(`${sim.url}/_sim/instances`);
  return ((await answer.json()) as { instances: Record<string, unknown>[] }).instances;
}

/** Installs everywhere, in this order and with so many at once; faults are simply tried again. */
async function installEverywhere(sim: AwsSim, atOnce: number, reverse: boolean): Promise<void> {
  const targets = sim.world.accounts
    .filter((account) => account.state === 'ACTIVE' && account.role === 'ok')
    .flatMap((account) => sim.world.regions.map((region) => ({ account, region })));
  const queue = reverse ? targets.reverse() : targets;
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await installIn(sim, next.account.id, next.region);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  await expect.poll(() => sim.report().commands.live, { timeout: 20_000 }).toBe(0);
}

async function installIn(sim: AwsSim, accountId: string, region: string): Promise<void> {
  const before = new Set(
    [...sim.world.hosts.entries()].filter(([, state]) => state.accepted > 0).map(([id]) => id),
  );
  for (let attempt = 0; attempt < 25; attempt += 1) {
    try {
      const { ssm } = await memberClients(sim, accountId, region);
      const nodes = await ssm.send(new DescribeInstanceInformationCommand({ MaxResults: 50 }));
      const ids = (nodes.InstanceInformationList ?? [])
        .filter((node) => node.PlatformType === 'Linux')
        .map((node) => node.InstanceId ?? '')
        .filter((id) => !before.has(id) && (sim.world.hosts.get(id)?.accepted ?? 0) === 0);
      if (ids.length === 0 && nodes.NextToken === undefined) return;
      if (ids.length === 0) continue;
      await ssm.send(
        new SendCommandCommand({
          DocumentName: 'AWS-RunShellScript',
          InstanceIds: ids,
          Parameters: { commands: [INSTALL], executionTimeout: ['120'] },
          TimeoutSeconds: 60,
          MaxErrors: '100%',
        }),
      );
    } catch (error) {
      const { name } = error as Error;
      if (['AccessDeniedException', 'UnrecognizedClientException'].includes(name)) return;
    }
  }
}

test('the same flags give the same world', async () => {
  const [one, two, other] = await Promise.all([
    start(7, 'realistic'),
    start(7, 'realistic'),
    start(8, 'realistic'),
  ]);

  const [first, second, third] = await Promise.all([groundTruth(one), groundTruth(two), groundTruth(other)]);

  expect(first).toHaveLength(300);
  expect(second).toEqual(first);
  expect(third.map((row) => row['id'])).not.toEqual(first.map((row) => row['id']));
});

test.each(['realistic', 'hostile'] as const)(
  'in a %s world every host ends the same way, whichever client asks in which order',
  async (scenario) => {
    const [alone, crowd] = await Promise.all([start(7, scenario), start(7, scenario)]);

    await installEverywhere(alone, 1, false);
    await installEverywhere(crowd, 4, true);

    const pick = (rows: Record<string, unknown>[]): unknown[] =>
      rows.map(({ id, lastStatus, lastExitCode, joined }) => ({ id, lastStatus, lastExitCode, joined }));
    const outcome = pick(await groundTruth(alone));
    expect(pick(await groundTruth(crowd))).toEqual(outcome);
    const report = alone.report();
    expect(report.joined).toBeGreaterThan(report.readableInstances * 0.85);
    expect(new Set(Object.keys(report.outcomes)).size).toBeGreaterThanOrEqual(4);
  },
  60_000,
);
