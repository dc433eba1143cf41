import { approveRequest } from '@muster/core/control/operator-acts';
import { reviewChange } from '@muster/core/control/review-change';
import { selectionOf } from '@muster/core/rollout/selection/selection';
import { type ConfigPart, organizationMatcher } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { wakeByConfig } from '../enrollment/wake-by-config.ts';
import type { HandlerDeps } from '../deps.ts';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import {
  ACCOUNT,
  aWorld,
  instanceId,
  MANAGEMENT,
  someInstances,
  TARGET,
} from '../fixtures/written-world.fixture.ts';

/** A configuration that selects more than the one before, from its reload to its end. */
const startWorkerBench = useWorkerBench();

/** Hosts that the bench's own matcher selects, and some that only a wider one does. */
function worldOf(selected: number, others: number) {
  return aWorld([...someInstances(selected), ...someInstances(others, { tags: { team: 'x' } }, selected)]);
}

/** Another worker, which works by a matcher with other tags. */
function workerWith(bench: WorkerBench, tags: ConfigPart, rollout: ConfigPart = {}): HandlerDeps {
  return bench.depsWith((facts) => ({
    discovery_service: { aws: [{ ...organizationMatcher(facts), tags }] },
    muster: { rollout },
  }));
}

/** Reads the organization once, as one worker has it. */
async function sweep(bench: WorkerBench, deps: HandlerDeps): Promise<void> {
  await bench.run('list-accounts', {}, deps);
  for (const accountId of [ACCOUNT, MANAGEMENT]) {
    await bench.run('list-regions', { accountId }, deps);
    await bench.run('scan-target', { target: { ...TARGET, accountId } }, deps);
  }
}

const send = (bench: WorkerBench, deps: HandlerDeps) => bench.run('install-batch', { target: TARGET }, deps);
const review = (bench: WorkerBench, deps: HandlerDeps) =>
  reviewChange(bench.ledger, deps.config, { now: () => bench.now() });

async function sentTo(bench: WorkerBench): Promise<number> {
  return (await bench.sentSizes()).reduce((sum, size) => sum + size, 0);
}

/** A ledger that has worked by the bench's own matcher, with nothing sent yet. */
async function begun(selected: number, others: number): Promise<WorkerBench> {
  const bench = await startWorkerBench({ world: worldOf(selected, others) });
  await wakeByConfig(bench.deps);
  await bench.scanned();
  return bench;
}

test('a change that adds more than it may is held until an operator approves it, and what was selected goes on', async () => {
  const bench = await begun(4, 60);
  const wider = workerWith(bench, { '*': '*' });
  await wakeByConfig(wider);

  await sweep(bench, wider);
  await review(bench, wider);
  await send(bench, wider);

  expect(await sentTo(bench)).toBe(4);
  const finding = (await bench.ledger.control.findings()).find(({ kind }) => kind === 'change-held');
  expect(finding?.message).toContain(
    'adds 60 hosts in 1 account (111122223333: 60) to the 4 that were selected before.',
  );
  const [request] = await bench.ledger.approvals.requests();
  expect(request).toMatchObject({ hosts: 60, accounts: 1, grow: 0.1 });
  if (request === undefined) throw new Error('nothing is asked for');
  await approveRequest({ ledger: bench.ledger }, request, 'ann');
  await review(bench, wider);
  await send(bench, wider);

  expect(await sentTo(bench)).toBe(64);
  expect(await bench.findings()).toEqual([]);
  expect(await bench.ledger.selection.held()).toBeNull();
});

test('a change that adds few waits for one sweep and opens by itself', async () => {
  const bench = await begun(4, 3);
  const wider = workerWith(bench, { '*': '*' });
  await wakeByConfig(wider);
  await bench.run('scan-target', { target: TARGET }, wider);
  await review(bench, wider);
  await send(bench, wider);
  // The target was read, the accounts were not listed yet.
  expect(await sentTo(bench)).toBe(4);

  await sweep(bench, wider);
  await review(bench, wider);
  await send(bench, wider);

  expect(await sentTo(bench)).toBe(7);
  expect(await bench.findings()).toEqual([]);
});

test('no host beyond the bound is sent to, also when it shows up after the change has opened', async () => {
  const bench = await begun(1, 3);
  const wider = workerWith(bench, { '*': '*' }, { ask_above: { hosts: 3 } });
  await wakeByConfig(wider);
  await sweep(bench, wider);
  const held = await bench.ledger.selection.held();
  if (held === null) throw new Error('nothing is held');
  await bench.ledger.selection.bound(held.id, { hosts: 3, accounts: 10 });
  await bench.ledger.selection.countAdded(held.id, { ...TARGET, region: 'us-east-1' as never }, 1);

  await send(bench, wider);

  expect(await sentTo(bench)).toBe(1);
});

test('the old file, put back, ends the change: what it added is left alone', async () => {
  const bench = await begun(4, 60);
  const wider = workerWith(bench, { '*': '*' });
  await wakeByConfig(wider);
  await sweep(bench, wider);
  await review(bench, wider);
  expect(await bench.findings()).toEqual(['change-held all']);

  await wakeByConfig(bench.deps);
  await sweep(bench, bench.deps);
  await review(bench, bench.deps);
  await send(bench, bench.deps);

  expect(await bench.findings()).toEqual([]);
  expect(await bench.ledger.approvals.requests()).toEqual([]);
  expect(await sentTo(bench)).toBe(4);
  expect(await bench.states()).toMatchObject({ unmatched: 60 });
});

test('a second change adds to the first one that waits', async () => {
  const bench = await startWorkerBench({
    world: aWorld([
      ...someInstances(2),
      ...someInstances(40, { tags: { team: 'x' } }, 2),
      ...someInstances(40, { tags: { team: 'y' } }, 42),
    ]),
  });
  await wakeByConfig(bench.deps);
  await bench.scanned();
  const first = workerWith(bench, { team: 'x' }, { ask_above: { hosts: 30 } });
  await wakeByConfig(first);
  await sweep(bench, first);
  await review(bench, first);
  expect(await bench.ledger.approvals.requests()).toMatchObject([{ hosts: 40 }]);

  const second = workerWith(bench, { team: ['x', 'y'] }, { ask_above: { hosts: 30 } });
  await wakeByConfig(second);
  await review(bench, second);
  expect(await bench.ledger.approvals.requests()).toEqual([]);
  await sweep(bench, second);
  await review(bench, second);

  expect(await bench.ledger.approvals.requests()).toMatchObject([{ hosts: 80 }]);
});

test('a worker that is started with the accepted file opens nothing for one that still has the wider one', async () => {
  const bench = await begun(1, 60);
  const wider = workerWith(bench, { '*': '*' });
  await wakeByConfig(wider);
  await sweep(bench, wider);
  await review(bench, wider);

  await wakeByConfig(bench.deps);
  await send(bench, wider);
  await bench.run('scan-target', { target: TARGET }, wider);
  await send(bench, wider);

  expect(await sentTo(bench)).toBe(1);
  expect(await bench.ledger.selection.held()).toMatchObject({
    id: selectionOf(wider.config.matchers).id,
    hosts: 60,
  });
});

test('a first run is no change, and neither is another token or less than before', async () => {
  const bench = await begun(5, 0);
  const sameHosts = bench.depsWith(({ joinToken }) => ({
    discovery_service: { enabled: true },
    muster: { install: { join_timeout: joinToken === '' ? '6m' : '7m' } },
  }));
  await wakeByConfig(sameHosts);
  expect(await bench.ledger.selection.held()).toBeNull();

  const none = bench.depsWith({ discovery_service: { aws: [] } });
  await wakeByConfig(none);

  expect(await bench.ledger.selection.held()).toBeNull();
  expect((await bench.ledger.selection.gate()).acceptedId).toBe(selectionOf([]).id);
});

test('hosts that wait for a change do not hide those behind them that may be sent to', async () => {
  const bench = await begun(0, 250);
  const wider = workerWith(bench, { '*': '*' });
  await wakeByConfig(wider);
  await sweep(bench, wider);
  await bench.aws.change({
    op: 'launch-instances',
    accountId: ACCOUNT,
    instance: { region: TARGET.region, id: instanceId(900), ssm: { registersAfterMs: 0 } },
  });
  await bench.run('scan-target', { target: TARGET }, wider);

  await send(bench, wider);

  expect(await sentTo(bench)).toBe(1);
  expect(await bench.record(instanceId(0))).toMatchObject({ state: 'queued' });
});

test('hosts that a change adds and that have joined by themselves are none of those that were selected before', async () => {
  const bench = await startWorkerBench({
    world: aWorld([
      ...someInstances(10),
      ...someInstances(300, { joined: true, tags: { team: 'x' } }, 10),
      ...someInstances(55, { tags: { team: 'y' } }, 310),
    ]),
    config: { muster: { inventory: { source: 'tctl' } } },
  });
  await bench.run('read-inventory', {});
  await wakeByConfig(bench.deps);
  await bench.scanned();
  const wider = bench.depsWith((facts) => ({
    discovery_service: { aws: [{ ...organizationMatcher(facts), tags: { '*': '*' } }] },
    muster: { inventory: { source: 'tctl' } },
  }));
  await wakeByConfig(wider);
  await sweep(bench, wider);

  await review(bench, wider);

  // Of ten hosts before, fifty may be added unasked; a fifth of 365 would be 73.
  expect(await bench.ledger.approvals.requests()).toMatchObject([{ hosts: 55 }]);
  const [finding] = await bench.ledger.control.findings();
  expect(finding?.message).toContain('to the 10 that were selected before');
});
