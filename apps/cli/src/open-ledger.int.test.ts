import { rm } from 'node:fs/promises';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { Secret } from '@muster/core/config/secret';
import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { type RedisServer, startRedis } from '@muster/testing/redis-server';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EXIT } from './command-context.ts';
import { withLedger } from './open-ledger.ts';

let server: RedisServer;
beforeEach(async () => {
  server = await startRedis({ appendonly: false });
});
afterEach(() => server.stop());

const aConfig = () => parsedSystemConfig(OFFLINE_FACTS, { muster: { redis: { url: server.url } } });

async function tell(...command: readonly [string, ...string[]]): Promise<void> {
  const url = new Secret(server.url);
  const redis = createRedis({ url, prefix: 'muster', profile: 'patient', name: 'test', log: recordingLog() });
  await redis.call(...command);
  await closeRedis(redis);
}

const write = () => withLedger(aConfig(), (ledger) => ledger.coverage.requestReadings());
const read = () => withLedger(aConfig(), (ledger) => ledger.coverage.accountIds());

test('a replica is told with its remedy, whether it refuses to write or even to read', async () => {
  await tell('REPLICAOF', '127.0.0.1', '1');
  const replica = { exitCode: EXIT.failed, message: expect.stringContaining('REDIS_URL name the primary') };
  await expect(write()).rejects.toMatchObject(replica);

  // Its primary cannot be reached, and it does not answer with what may be old.
  await tell('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
  await expect(read()).rejects.toMatchObject(replica);
});

test('a full Redis is told with its remedy', async () => {
  await tell('CONFIG', 'SET', 'maxmemory', '1');

  await expect(write()).rejects.toMatchObject({
    exitCode: EXIT.failed,
    message: expect.stringContaining('CONFIG SET maxmemory BYTES'),
  });
});

test('a Redis that cannot save, and so takes nothing in, is told with its remedy and its own words', async () => {
  await tell('CONFIG', 'SET', 'save', '3600 1');
  await rm(server.dir, { recursive: true });
  await tell('BGSAVE');

  const failure = await eventually('it refuses', () =>
    write().then(
      () => null,
      (error: unknown) => error,
    ),
  );

  expect(failure).toMatchObject({
    exitCode: EXIT.failed,
    message: expect.stringMatching(/^Redis could not write its last snapshot .*MISCONF .*persist.*BGSAVE/s),
  });
});
