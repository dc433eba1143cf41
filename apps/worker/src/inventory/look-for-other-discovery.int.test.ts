import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const HOST = '3f0c2c1e-0000-4000-8000-000000000001';
const config = (more: object = {}) => ({
  muster: { inventory: { source: 'tctl', freshness: '24h' }, ...more },
});

async function startService(bench: WorkerBench, facts: object = {}): Promise<void> {
  const service = { hostId: HOST, hostname: 'disco-1', group: 'theirs', ...facts };
  await fetch(`${bench.teleport.url}/_sim/discovery-services`, {
    method: 'POST',
    body: JSON.stringify(service),
  });
}

const endService = (bench: WorkerBench) =>
  fetch(`${bench.teleport.url}/_sim/discovery-services/${HOST}`, { method: 'DELETE' });

async function look(bench: WorkerBench, deps = bench.deps): Promise<string | undefined> {
  bench.advance(61_000);
  await bench.run('read-inventory', {}, deps);
  return (await bench.ledger.control.findings()).find(({ kind }) => kind === 'other-discovery')?.message;
}

async function sent(bench: WorkerBench, deps = bench.deps): Promise<number> {
  return (await bench.run('install-batch', { target: TARGET }, deps)).instances;
}

async function start(more: object = {}): Promise<WorkerBench> {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config: config(more) });
  await bench.run('read-inventory', {});
  await bench.scanned();
  return bench;
}

test('a service whose matchers overlap holds the sends, says so with both sides, and goes by itself', async () => {
  const bench = await start();
  await startService(bench, {
    aws: [{ types: ['rds'] }, { types: ['ec2'], regions: ['eu-west-1'], tags: { '*': '*' } }],
  });

  const message = await look(bench);
  expect(message).toContain(
    `EC2 matcher 1 of the Discovery Service on disco-1 (host ${HOST}, group theirs) overlaps Muster’s matcher discovery_service.aws[0]`,
  );
  expect(await sent(bench)).toBe(0);
  const [wait] = await bench.ledger.waits.sum(bench.now());
  expect(wait).toMatchObject({ reason: 'other-discovery', instances: 2 });

  await endService(bench);
  expect(await look(bench)).toBeUndefined();
  expect(await sent(bench)).toBe(2);
});

test('a service with other regions, without EC2, or one that the operator ignores, holds nothing', async () => {
  const bench = await start();
  await startService(bench, {
    aws: [
      { types: ['ec2'], regions: ['ap-east-1'] },
      { types: ['eks'], regions: ['*'] },
    ],
  });
  await look(bench);
  expect(await bench.ledger.enrollments.counts()).toMatchObject({});
  const elsewhere = await bench.ledger.otherDiscovery.read();
  expect(elsewhere.others).toHaveLength(1);

  await startService(bench, { aws: [{ types: ['ec2'], regions: ['*'] }] });
  const ignoring = bench.depsWith(config({ other_discovery: { ignore: ['disco-1'] } }));
  expect(await look(bench, ignoring)).toBeUndefined();
  expect(await sent(bench, ignoring)).toBe(2);
});

test('only the overlap waits: hosts of a region that the other does not read are sent to', async () => {
  const bench = await start();
  await startService(bench, { aws: [{ types: ['ec2'], regions: ['ap-east-1'] }] });

  await look(bench);

  expect(await sent(bench)).toBe(2);
});

test('a service of our own group is a double like any other, and so is a resource that it works by', async () => {
  const bench = await start();
  await startService(bench, { group: bench.deps.config.discoveryGroup });
  const resource = {
    kind: 'discovery_config',
    version: 'v1',
    metadata: { name: 'prod' },
    spec: { discovery_group: bench.deps.config.discoveryGroup, aws: [{ types: ['ec2'], regions: ['*'] }] },
  };
  await fetch(`${bench.teleport.url}/_sim/tctl/create?force=true`, {
    method: 'POST',
    body: JSON.stringify(resource),
  });

  expect(await look(bench)).toContain('the resource discovery_config/prod');
  expect(await sent(bench)).toBe(0);

  // No service works by it any more: it is Muster's to read as its own configuration.
  await endService(bench);
  expect(await look(bench)).toBeUndefined();
  expect(await sent(bench)).toBe(2);
});

test('a service of an older release shows no matchers, so all sends wait; hold: false tells and sends', async () => {
  const bench = await start();
  await startService(bench, { announces: false });

  expect(await look(bench)).toContain('does not show its matchers');
  expect(await sent(bench)).toBe(0);

  const told = bench.depsWith(config({ other_discovery: { hold: false } }));
  expect(await look(bench, told)).toContain('Muster sends all the same');
  expect(await sent(bench, told)).toBe(2);
});

test('an identity that may not see services holds nothing and raises nothing', async () => {
  const bench = await start();
  await startService(bench, { aws: [{ types: ['ec2'], regions: ['*'] }] });
  await fetch(`${bench.teleport.url}/_sim/faults`, { method: 'POST', body: '{"discovery":"denied"}' });

  expect(await look(bench)).toBeUndefined();
  expect(await bench.findings()).not.toContain('inventory-unavailable');
  expect(await sent(bench)).toBe(2);
});

test('a look that fails leaves what the last one found', async () => {
  const bench = await start();
  await startService(bench, { aws: [{ types: ['ec2'], regions: ['*'] }] });
  await look(bench);
  await fetch(`${bench.teleport.url}/_sim/faults`, { method: 'POST', body: '{"discovery":"error"}' });
  await endService(bench);

  await look(bench);

  expect(await sent(bench)).toBe(0);
});
