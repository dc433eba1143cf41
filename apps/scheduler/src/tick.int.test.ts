import type { DueKind } from '@muster/core/jobs/catalog';
import { createClock } from '@muster/core/runtime/clock';
import { parsedSystemConfig, OFFLINE_FACTS } from '@muster/testing/system-config';
import { recordingLog } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { tick, type TickDeps } from './tick.ts';

const bench = useLedgerBench();

test('a due member that cannot be read is dropped once and told, and holds up no other', async () => {
  const { ledger, redis, keys } = bench.create();
  const given: unknown[] = [];
  const log = recordingLog();
  const deps: TickDeps = {
    config: parsedSystemConfig(OFFLINE_FACTS, { muster: { inventory: { source: 'none' } } }),
    ledger,
    clock: createClock(),
    log,
    enqueue: (_, payloads) => {
      given.push(...payloads);
      return Promise.resolve();
    },
    waiting: () => Promise.resolve(0),
  };
  await redis.zadd(keys.due('scan'), 1, 'evil/../x', 2, '100000000000.eu-west-1');
  await redis.zadd(keys.due('collect'), 1, 'nothing');

  await tick(deps);

  expect(given).toContainEqual({ target: { accountId: '100000000000', region: 'eu-west-1' } });
  expect(await redis.zrange(keys.due('scan'), 0, '-1')).toEqual(['100000000000.eu-west-1']);
  expect(await redis.zrange(keys.due('collect'), 0, '-1')).toEqual([]);
  const findings = await ledger.control.findings();
  expect(findings.map(({ kind, scope }) => `${kind} ${scope}`).toSorted()).toEqual([
    'ledger-untrusted due collect',
    'ledger-untrusted due scan',
  ]);
  expect(log.lines.filter(({ message }) => message === 'due members cannot be read')).toHaveLength(2);
});

test('what only a newer release makes due is left where it is, for its schedulers', async () => {
  const { ledger, redis, keys } = bench.create();
  const given: string[] = [];
  const deps: TickDeps = {
    config: parsedSystemConfig(OFFLINE_FACTS, { muster: { inventory: { source: 'none' } } }),
    ledger,
    clock: createClock(),
    log: recordingLog(),
    enqueue: (job) => {
      given.push(job.name);
      return Promise.resolve();
    },
    waiting: () => Promise.resolve(0),
  };
  const ofTomorrow = keys.due('of-tomorrow' as DueKind);
  await redis.zadd(ofTomorrow, 1, 'a-member/of tomorrow');

  await tick(deps);
  await tick(deps);

  expect(await redis.zrange(ofTomorrow, 0, '-1', 'WITHSCORES')).toEqual(['a-member/of tomorrow', '1']);
  expect(given).toEqual(['list-accounts']);
  expect(await ledger.control.findings()).toEqual([]);
});
