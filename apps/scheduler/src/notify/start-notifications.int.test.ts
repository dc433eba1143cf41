import type { MusterConfig } from '@muster/core/config/model';
import { Secret } from '@muster/core/config/secret';
import { createRedisLedger, type Ledger } from '@muster/core/control/ledger';
import { boardQueues, createJobQueue } from '@muster/core/jobs/queue/enqueue';
import type { NotifyChannel } from '@muster/core/notify/channel';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createKeys } from '@muster/core/redis/keys';
import { createClock } from '@muster/core/runtime/clock';
import { createMetrics } from '@muster/core/runtime/metrics';
import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { settingsOf, startTestRedis, type TestRedis } from '@muster/testing/test-redis';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { keepTicking, tick } from '../tick.ts';
import { type Receiver, startReceiver } from './receivers.fixture.ts';
import { startNotifications } from './start-notifications.ts';
import { createFindingsWatch } from './watch-findings.ts';

/** A simulated minute is a second: what stands is told within about two. */
const SPEED = 60;

let server: TestRedis;
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  server = await startTestRedis();
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(() => server.stop());

async function aReceiver(): Promise<Receiver> {
  const receiver = await startReceiver();
  closing.push(() => receiver.stop());
  return receiver;
}

function aChannel(name: string, url: string, facts: Partial<NotifyChannel> = {}): NotifyChannel {
  return {
    name,
    kind: 'webhook',
    url: new Secret(url),
    secret: null,
    filter: { severity: 'info', kinds: null, owners: null, units: null, accounts: null },
    resolved: true,
    perHour: 100,
    allowPrivate: true,
    ...facts,
  } as NotifyChannel;
}

interface Teller {
  readonly ledger: Ledger;
  readonly prefix: string;
  readonly log: ReturnType<typeof recordingLog>;
  /** One more look at what stands. */
  readonly look: () => Promise<void>;
  stop(): Promise<void>;
}

/** What a scheduler does about notifications: its looks, its jobs, and the tick that gives them out. */
function startTeller(channels: readonly NotifyChannel[], prefix: string): Teller {
  const base = parsedSystemConfig(OFFLINE_FACTS, {});
  const config: MusterConfig = {
    ...base,
    speed: SPEED,
    notify: channels,
    redis: { ...settingsOf(server), prefix },
  };
  const log = recordingLog();
  const clock = createClock();
  const connect = (profile: 'patient' | 'fail-fast') =>
    createRedis({ ...config.redis, profile, name: 'notify-test', log });
  const [patient, hasty] = [connect('patient'), connect('fail-fast')];
  const ledger = createRedisLedger({ redis: patient, prefix, log });
  const queue = createJobQueue({ connection: hasty, prefix });
  const notifications = startNotifications({
    current: () => config,
    ledger,
    connection: patient,
    redact: (text) => text,
    metrics: createMetrics('scheduler'),
    clock,
    log,
  });
  const ticking = keepTicking({
    tick: () =>
      tick({
        // Nothing but messages is due here.
        config: { ...config, enabled: false },
        ledger,
        clock,
        log,
        enqueue: queue.enqueueMany,
        waiting: () => Promise.resolve(0),
      }),
    everyMs: 100,
    clock,
    log,
  });
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await ticking.close();
    await notifications.close();
    await queue.close();
    await Promise.all([closeRedis(patient), closeRedis(hasty)]);
  };
  closing.push(stop);
  const look = createFindingsWatch({ current: () => config, ledger, clock });
  return { ledger, prefix, log, look, stop };
}

/** A client of Redis beside Muster's. */
function aClient(prefix: string): ReturnType<typeof createRedis> {
  const log = recordingLog();
  return createRedis({ ...settingsOf(server), prefix, profile: 'patient', name: 'test', log });
}

function aPrefix(): string {
  return `notify-${randomBytes(4).toString('hex')}`;
}

const BRAKE = { kind: 'brake-engaged', scope: 'all', sinceMs: 1, message: 'm', remedy: 'r' } as const;
const SKEW = { kind: 'config-skew', scope: 'all', sinceMs: 1, message: 'm', remedy: 'r' } as const;

/** Waits until an expectation holds. */
function soon(look: () => unknown): Promise<unknown> {
  return eventually(
    'what is expected',
    async () => {
      await look();
      return true;
    },
    15_000,
  );
}

/** `TYPE KIND` of every event that a receiver was told. */
function toldTo({ received }: Receiver): readonly string[] {
  return received.flatMap(({ json }) =>
    (json['data'] as { events: { type: string; kind: string }[] }).events.map(
      ({ type, kind }) => `${type} ${kind}`,
    ),
  );
}

test('two schedulers tell of a finding once, and once of its end', async () => {
  const receiver = await aReceiver();
  const prefix = aPrefix();
  const channels = [aChannel('ops', receiver.url)];
  const first = startTeller(channels, prefix);
  const second = startTeller(channels, prefix);
  const { control } = first.ledger;
  await control.raise(BRAKE);
  await soon(() => expect(toldTo(receiver)).toEqual(['raised brake-engaged']));
  await control.clear('brake-engaged', 'all');
  await soon(() => expect(toldTo(receiver)).toEqual(['raised brake-engaged', 'resolved brake-engaged']));

  // A message that was told is due no more, and a look that finds nothing new writes nothing.
  await soon(async () => expect(await first.ledger.due.count('notify')).toMatchObject({ all: 0 }));
  await first.look();
  const { version } = await first.ledger.notify.read();
  await first.look();
  await second.look();
  expect((await first.ledger.notify.read()).version).toBe(version);
});

test('a scheduler that is stopped in the middle leaves its message to another', async () => {
  const receiver = await aReceiver();
  receiver.answer('hang');
  const prefix = aPrefix();
  const channels = [aChannel('ops', receiver.url)];
  const first = startTeller(channels, prefix);
  await first.ledger.control.raise(BRAKE);
  await soon(() => expect(receiver.received.length).toBe(1));

  receiver.answer({ status: 200 });
  await first.stop();
  startTeller(channels, prefix);

  await soon(() => expect(receiver.received.length).toBe(2));
  const [once, again] = receiver.received.map(({ headers }) => headers['webhook-id']);
  expect(again).toBe(once);
}, 30_000);

test('a message that was not taken is sent again after its queue was flushed: the ledger brings it back', async () => {
  const receiver = await aReceiver();
  receiver.answer({ status: 503 });
  const prefix = aPrefix();
  const one = startTeller([aChannel('ops', receiver.url)], prefix);
  await one.ledger.control.raise(BRAKE);
  await soon(() => expect(receiver.received.length).toBeGreaterThan(0));

  const redis = aClient(prefix);
  const [, jobs] = await redis.scan(0, 'MATCH', `{${prefix}}:*notifications*`, 'COUNT', 100_000);
  expect(jobs).not.toEqual([]);
  await redis.del(...jobs);
  await closeRedis(redis);
  const before = receiver.received.length;
  receiver.answer({ status: 200 });

  await soon(() => expect(receiver.received.length).toBeGreaterThan(before));
  const ids = new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
  expect(ids.size).toBe(1);
  await soon(async () => expect(await one.ledger.due.count('notify')).toMatchObject({ all: 0 }));
}, 60_000);

test('a scheduler that does not know a channel yet leaves its message to one that does', async () => {
  const [receiver, other] = [await aReceiver(), await aReceiver()];
  receiver.answer({ status: 503 });
  const prefix = aPrefix();
  const first = startTeller([aChannel('new', receiver.url)], prefix);
  await first.ledger.control.raise(BRAKE);
  await soon(() => expect(receiver.received.length).toBeGreaterThan(0));
  await first.stop();
  receiver.answer({ status: 200 });

  const behind = startTeller([aChannel('old', other.url)], prefix);
  await soon(() =>
    expect(behind.log.lines.map(({ message }) => message)).toContain(
      'notification left to a scheduler that knows the channel',
    ),
  );
  const before = receiver.received.length;
  startTeller([aChannel('new', receiver.url)], prefix);

  await soon(() => expect(receiver.received.length).toBe(before + 1));
}, 30_000);

test('a receiver that does not answer keeps no other channel and no other work waiting', async () => {
  const [dead, alive] = [await aReceiver(), await aReceiver()];
  dead.answer('hang');
  const { ledger } = startTeller([aChannel('dead', dead.url), aChannel('alive', alive.url)], aPrefix());
  await ledger.control.raise(BRAKE);
  await soon(() => expect(dead.received.length).toBe(1));
  await ledger.control.raise(SKEW);

  await soon(() => expect(toldTo(alive)).toEqual(['raised brake-engaged', 'raised config-skew']));
  expect(dead.received.length).toBe(1);
}, 20_000);

test('a message that is not taken is tried again with the same id, and one that is refused is a finding and a failed job', async () => {
  const receiver = await aReceiver();
  receiver.answer({ status: 503 });
  const { ledger, prefix } = startTeller([aChannel('ops', receiver.url)], aPrefix());
  await ledger.control.raise(BRAKE);
  await soon(() => expect(receiver.received.length).toBeGreaterThan(1));
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);

  receiver.answer({ status: 404, text: 'no_service' });
  await soon(async () =>
    expect(await ledger.control.findings()).toContainEqual(
      expect.objectContaining({
        kind: 'notify-failed',
        scope: 'channel:ops',
        message: expect.stringContaining('404 no_service') as string,
        remedy: expect.stringContaining('muster notify test ops') as string,
      }),
    ),
  );
  const redis = aClient(prefix);
  const boards = boardQueues(redis, prefix);
  const board = boards.find(({ name }) => name === 'notifications');
  await soon(async () => expect(await board?.getFailedCount()).toBe(1));
  const [failed] = (await board?.getFailed()) ?? [];
  // Ids only: neither the channel's address nor what was told lies in the job.
  expect(JSON.stringify(failed?.data)).not.toContain('127.0.0.1');

  // What works again takes the finding away.
  receiver.answer({ status: 200 });
  await ledger.control.raise(SKEW);
  await soon(async () =>
    expect((await ledger.control.findings()).map(({ kind }) => kind)).not.toContain('notify-failed'),
  );
  await Promise.all(boards.map((one) => one.close()));
  await closeRedis(redis);
}, 30_000);

test('a server that asks to wait for days does not silence its channel for days', async () => {
  const receiver = await aReceiver();
  receiver.answer({ status: 503, headers: { 'retry-after': '900000' } });
  const { ledger, prefix, log } = startTeller([aChannel('ops', receiver.url)], aPrefix());
  await ledger.control.raise(BRAKE);
  await soon(() =>
    expect(log.lines.map(({ message }) => message)).toContain('notification not taken, tried again later'),
  );

  const redis = aClient(prefix);
  const [, score] = await redis.zrange(createKeys(prefix).due('notify'), '0', '0', 'WITHSCORES');
  await closeRedis(redis);
  expect(Number(score) - Date.now()).toBeLessThan((1.1 * 3_600_000) / SPEED + 1);
});

test('a muted finding is not told, and is told when the mute has ended', async () => {
  const receiver = await aReceiver();
  const { ledger } = startTeller([aChannel('ops', receiver.url)], aPrefix());
  await ledger.mutes.mute('config-skew@all', {
    by: 'ann',
    reason: 'known',
    atMs: Date.now(),
    untilMs: Date.now() + 3_000,
  });
  await ledger.control.raise(SKEW);
  await ledger.control.raise(BRAKE);
  await soon(() => expect(toldTo(receiver)).toEqual(['raised brake-engaged']));

  await soon(() => expect(toldTo(receiver)).toEqual(['raised brake-engaged', 'raised config-skew']));
}, 20_000);
