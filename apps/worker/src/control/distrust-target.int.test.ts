import { targetId } from '@muster/core/organization/target';
import { beforeEach, describe, expect, test } from 'vitest';
import type { HandlerDeps } from '../deps.ts';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';
import { createSentCommands } from '../install/sent-commands.ts';

/** Another client that writes to Redis: records and intents deleted, forged and put back. No host is sent to twice. */
const startWorkerBench = useWorkerBench();
const HANGS = { outcome: { kind: 'hangs' } } as const;
const UNTRUSTED = `ledger-untrusted ${targetId(TARGET)}`;

let bench: WorkerBench;
const keysOf = () => bench.store.keys.target(TARGET);
const install = (deps?: HandlerDeps) => bench.run('install-batch', { target: TARGET }, deps);
const scan = () => bench.run('scan-target', { target: TARGET });
/** A worker on the same ledger that has sent nothing. */
const another = (): HandlerDeps => ({ ...bench.deps, sent: createSentCommands() });

/** Until what was sent must show in a listing. */
function passVisibility(): void {
  const { sendWindowMs, visibilityMs } = bench.deps.config.install;
  bench.advance(sendWindowMs + visibilityMs + bench.deps.timings.clockSkewMs + 1);
}

/** Lets the other worker do what it would do in a while, twice over. */
async function goOn(deps: HandlerDeps): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    await scan();
    await install(deps);
    passVisibility();
    await install(deps);
  }
}

function expectNobodySentTo(times: number): void {
  expect(bench.aws.report().installs).toMatchObject({ whileLive: 0 });
  expect(bench.aws.report().commands.sent).toBe(times);
}

beforeEach(async () => {
  bench = await startWorkerBench({ world: aWorld(someInstances(3, HANGS)), speed: 1 });
  await bench.scanned();
});

describe('while a command is live', () => {
  /** Records as they waited for their command. */
  let waiting: Readonly<Record<string, string>>;

  beforeEach(async () => {
    waiting = await bench.store.redis.hgetall(keysOf().instances);
    await install();
  });

  test('records and intents that were deleted look like new hosts, and are not sent to', async () => {
    await bench.store.redis.del(keysOf().instances, keysOf().intents, keysOf().counts);

    await goOn(another());

    expectNobodySentTo(1);
    expect(await bench.states()).toEqual({ installing: 3 });
  });

  test('intents that were deleted are found again, told, and their commands followed', async () => {
    await bench.store.redis.del(keysOf().intents);

    await goOn(another());

    expectNobodySentTo(1);
    expect(await bench.states()).toEqual({ installing: 3 });
    expect((await bench.intents()).flatMap((intent) => intent.instanceIds)).toHaveLength(3);
    expect(await bench.findings()).toContain(UNTRUSTED);
  });

  test('records that were made to wait again are not sent to: their seal is wrong', async () => {
    for (const [id, text] of Object.entries(waiting)) {
      // Another version, as a forger would have to write it for the place of the one that stands.
      await bench.store.redis.hset(keysOf().instances, id, text.replace(/^\d+/, '7'));
      await bench.store.redis.zadd(keysOf().candidates, 1, id);
    }
    await bench.store.redis.del(keysOf().intents);

    expect(await install(another())).toMatchObject({ sent: 0, stopped: 'epoch' });
    expect(await bench.findings()).toContain(UNTRUSTED);
    await goOn(another());

    expectNobodySentTo(1);
    expect(await bench.states()).toEqual({ installing: 3 });
  });

  test('nor when the seal was taken away, also by way of a state that a scan moves on', async () => {
    for (const [id, text] of Object.entries(waiting)) {
      const json = JSON.parse(text.slice(text.indexOf('{'))) as Record<string, unknown>;
      delete json['readyAtMs'];
      const forged = JSON.stringify({ ...json, state: 'discovered' });
      await bench.store.redis.hset(keysOf().instances, id, `7|discovered||||${forged}`);
    }
    await bench.store.redis.del(keysOf().intents);

    await goOn(another());

    expectNobodySentTo(1);
    expect(await bench.states()).toEqual({ installing: 3 });
  });

  test('the worker that sent remembers it, whatever was put back with its seal', async () => {
    await bench.store.redis.hset(keysOf().instances, waiting);
    for (const id of Object.keys(waiting)) await bench.store.redis.zadd(keysOf().candidates, 1, id);
    await bench.store.redis.del(keysOf().intents);

    expect(await install()).toMatchObject({ sent: 0, stopped: 'epoch' });
    const findings = await bench.ledger.control.findings();
    expect(findings.find(({ kind }) => kind === 'ledger-untrusted')?.message).toContain(
      'its record knows nothing of the command',
    );
    passVisibility();
    await install();

    expectNobodySentTo(1);
    expect(await bench.states()).toEqual({ installing: 3 });
  });
});

test('records from before the key are sent to once the target’s commands were listed, and no finding is raised', async () => {
  // As a release without seals has written them.
  for (const [id, text] of Object.entries(await bench.store.redis.hgetall(keysOf().instances))) {
    await bench.store.redis.hset(keysOf().instances, id, text.replace(/\|[\w-]{16}\|\{/, '|{'));
  }
  await bench.ledger.enrollments.noteListing(TARGET, null, await bench.ledger.epochs.current());

  expect(await install()).toMatchObject({ sent: 0, stopped: 'epoch' });
  passVisibility();
  expect(await install()).toMatchObject({ sent: 1, instances: 3 });

  expect(await bench.findings()).toEqual([]);
});

test('a host that was tagged later is sent to as well, after a listing of its target’s commands', async () => {
  bench = await startWorkerBench({
    world: aWorld([...someInstances(1), ...someInstances(1, { tags: {} }, 1)]),
  });
  await bench.scanned();
  expect(await install()).toMatchObject({ sent: 1, instances: 1 });
  const tags = { ...bench.facts.matchTags };
  await bench.aws.change({ op: 'set-tags', instanceId: instanceId(1), tags });

  await scan();

  expect(await install()).toMatchObject({ sent: 0, stopped: 'epoch' });
  passVisibility();
  expect(await install()).toMatchObject({ sent: 1, instances: 1 });
  expect(await bench.findings()).toEqual([]);
});
