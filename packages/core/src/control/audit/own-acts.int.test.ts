import { NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { noteOwnAct, noteReload } from './own-acts.ts';

const bench = useLedgerBench();

test('a configuration that many processes take up, and one that they refuse, is one entry each', async () => {
  const one = bench.create();
  const audits = [one.ledger.audit, one.another().audit, one.another().audit];
  const taken = { kind: 'valid', config: { paused: true } as never, restart: ['muster.redis'] } as const;
  const refused = { kind: 'invalid', faults: 'muster.yaml:3:1: unknown key' } as const;

  for (const reload of [taken, refused]) {
    await Promise.all(audits.map((audit) => noteReload(audit, reload, NOW_MS)));
  }
  await noteReload(one.ledger.audit, taken, NOW_MS + 3_600_000);

  const told = (await one.ledger.audit.newest(9)).map(({ entry }) => [entry?.result, entry?.detail]);
  expect(told).toEqual([
    ['done', 'A changed configuration was taken up. Left for a restart: muster.redis.'],
    ['refused', 'A changed configuration is not valid: muster.yaml:3:1: unknown key'],
    ['done', 'A changed configuration was taken up. Left for a restart: muster.redis.'],
  ]);
});

test('a password of Redis that changes a thousand times is no entry', async () => {
  const { ledger } = bench.create();

  for (let n = 0; n < 1_000; n += 1) {
    const reload = { kind: 'redis-password', config: { n } as never } as const;
    await noteReload(ledger.audit, reload, NOW_MS + n * 600_000);
  }

  expect(await ledger.audit.newest(9)).toEqual([]);
});

test('an audit that another client wrote over stops no brake', async () => {
  const { ledger, redis, keys } = bench.create();
  await redis.set(keys.audit, 'x');

  await expect(
    noteOwnAct(ledger.audit, 'brake', { scope: 'all', result: 'done', detail: '' }, 'brake:all:1'),
  ).resolves.toBeUndefined();
});
