import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordingLog } from '@muster/testing/builders';
import { startRedis } from '@muster/testing/redis-server';
import { expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import { closeRedis, createRedis } from '../redis/connection.ts';
import { createRedisLedger } from './ledger.ts';

async function epochAt(url: string): Promise<string> {
  const log = recordingLog();
  const redis = createRedis({
    url: new Secret(url),
    prefix: 'muster',
    profile: 'patient',
    name: 'muster-test',
    log,
  });
  try {
    return await createRedisLedger({ redis, prefix: 'muster', log }).epochs.current();
  } finally {
    await closeRedis(redis);
  }
}

test('the epoch changes when Redis restarts, although its data is still there: it may have come back older', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-epoch-'));
  const first = await startRedis({ dir });
  const before = await epochAt(first.url);
  await first.stop();

  const second = await startRedis({ dir });
  const after = await epochAt(second.url);
  await second.stop();
  await rm(dir, { recursive: true });

  expect(after.split('-')[0]).toBe(before.split('-')[0]);
  expect(after).not.toBe(before);
});
