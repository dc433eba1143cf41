import { readFindings } from '@muster/core/control/standing-findings';
import { explainInstance, formatExplanation } from '@muster/core/reports/explain-instance';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const DAY_MS = 24 * 3_600_000;
const NEEDS_IT = { profile: null, ssm: { byHostManagement: true } };
const NO_AGENT = { profile: null, ssm: null };

/** Three hosts with an agent and no instance profile, one without an agent, and two that need nothing. */
function aMixedWorld(facts: Parameters<typeof aWorld>[1] = {}) {
  return aWorld(
    [...someInstances(3, NEEDS_IT), ...someInstances(1, NO_AGENT, 3), ...someInstances(2, {}, 4)],
    facts,
  );
}

async function told(bench: WorkerBench): Promise<readonly string[]> {
  const findings = await readFindings(bench.ledger);
  return findings.filter(({ kind }) => kind === 'host-management-off').map(({ message }) => message);
}

async function explained(bench: WorkerBench): Promise<string> {
  const { ledger, deps } = bench;
  const asked = { ledger, config: deps.config, nowMs: bench.now() };
  const explanation = await explainInstance(asked, instanceId(0));
  if (explanation === null) throw new Error('the instance is known');
  expect(explanation.cause).toBe('ec2-no-instance-profile');
  return formatExplanation(explanation);
}

function asked(bench: WorkerBench): number {
  const { ok = 0, denied = 0 } = bench.aws.report().calls['ssm:GetServiceSetting'] ?? {};
  return ok + denied;
}

function switchOn(bench: WorkerBench): Promise<unknown> {
  return bench.aws.change({
    op: 'set-host-management',
    accountId: ACCOUNT,
    region: TARGET.region,
    on: true,
  });
}

test('where it is off is told once for all its hosts, and AWS is asked once a day', async () => {
  const bench = await startWorkerBench({ world: aMixedWorld() });

  await bench.scanned();
  bench.advance(300_000);
  await bench.run('scan-target', { target: TARGET });

  expect(await told(bench)).toEqual([
    'In 1 target (account and region) Default Host Management Configuration of Systems Manager is off. Muster can send nothing to 4 hosts there that Systems Manager does not manage (4 without an instance profile); the setting would win at most these. Most are in 111122223333.eu-west-1 (4).',
  ]);
  expect(await explained(bench)).toContain(
    'Default Host Management Configuration is off in its account and region',
  );
  expect(asked(bench)).toBe(1);

  bench.advance(DAY_MS);
  await bench.run('scan-target', { target: TARGET });
  expect(asked(bench)).toBe(2);
});

test('switched on, it wins its hosts by the next scan without any act, and the finding goes', async () => {
  const bench = await startWorkerBench({ world: aMixedWorld(), speed: 4_000 });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  expect(await bench.sentSizes()).toEqual([2]);

  await switchOn(bench);
  await expect
    .poll(
      async () => {
        bench.advance(60_000);
        await bench.run('scan-target', { target: TARGET });
        return (await bench.states())['queued'];
      },
      { timeout: 10_000 },
    )
    .toBe(3);
  await bench.run('install-batch', { target: TARGET });

  expect(await bench.sentSizes()).toEqual([2, 3]);
  expect(await bench.cause(instanceId(3))).toBe('ec2-no-instance-profile');
  expect(await told(bench)).toEqual([]);
});

test('a target whose hosts are all managed is not asked about', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(3)) });

  await bench.scanned();

  expect(asked(bench)).toBe(0);
  expect(await told(bench)).toEqual([]);
});

test('a role that may not ask is refused once a day for all its regions, and its hosts are scanned as ever', async () => {
  const second = { ...TARGET, region: 'us-east-1' as typeof TARGET.region };
  const bench = await startWorkerBench({
    world: aWorld([...someInstances(1, NEEDS_IT), { region: second.region, ...NEEDS_IT }], {
      regions: [TARGET.region, second.region],
      account: { deniedActions: ['ssm:GetServiceSetting'] },
    }),
  });

  await bench.scanned();
  await bench.run('scan-target', { target: second });
  await bench.run('scan-target', { target: TARGET });

  expect(asked(bench)).toBe(1);
  expect(await told(bench)).toEqual([]);
  expect((await bench.ledger.coverage.read(TARGET))?.status).toBe('complete');
  expect((await bench.ledger.hostManagement.sum()).byState.unknown).toMatchObject({ targets: 2, hosts: 2 });
});

test('a question that AWS throttles fails no scan, and is asked again', async () => {
  const bench = await startWorkerBench({
    world: aMixedWorld({
      faults: [{ kind: 'throttle', apis: ['ssm:GetServiceSetting'], probability: 1, maxTimes: 1 }],
    }),
  });

  await bench.scanned();
  expect(await told(bench)).toEqual([]);
  expect((await bench.ledger.coverage.read(TARGET))?.status).toBe('complete');

  bench.advance(bench.deps.timings.passingMs);
  await bench.run('scan-target', { target: TARGET });
  expect(await told(bench)).toHaveLength(1);
});

test('a target that has left the scope is told of no more', async () => {
  const bench = await startWorkerBench({ world: aMixedWorld() });
  await bench.scanned();
  expect(await told(bench)).toHaveLength(1);

  await bench.ledger.coverage.removeAccount(ACCOUNT);
  await bench.run('scan-target', { target: TARGET });

  expect(await told(bench)).toEqual([]);
});
