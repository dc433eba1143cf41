import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { AuditNote } from './audit-entry.ts';
import { AUDIT_KEPT, type AuditLedger } from './audit-store.ts';
import { verifyChain } from './verify-chain.ts';

const bench = useLedgerBench();

function aNote(about: Partial<AuditNote> = {}): AuditNote {
  return {
    by: { name: 'ann', kind: 'cli', role: null },
    from: 'cli@desk',
    act: 'pause',
    scope: 'account:111122223333',
    dryRun: { accounts: 1, hosts: 12 },
    basis: null,
    result: 'done',
    detail: '',
    reason: 'network work',
    ...about,
  };
}

async function appendMany(audit: AuditLedger, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) await audit.append(aNote({ detail: `${n}` }));
}

test('an entry says who did what, dated by Redis and numbered, and the chain holds', async () => {
  const { ledger, time } = bench.create();
  time.hold(1_800_000_000_000);
  await ledger.audit.append(aNote());
  time.advance(5_000);
  await ledger.audit.append(aNote({ act: 'resume', reason: '' }));

  const [second, first] = (await ledger.audit.newest(10)).map(({ entry }) => entry);

  expect(first).toMatchObject({ ...aNote(), seq: 1, atMs: 1_800_000_000_000 });
  expect(second).toMatchObject({ act: 'resume', seq: 2, atMs: 1_800_000_005_000, prev: first?.hash });
  expect(await verifyChain(ledger.audit.chain())).toMatchObject({
    entries: 2,
    firstSeq: 1,
    lastSeq: 2,
    begunAnew: [],
    fault: null,
  });
});

test('processes that append at the same time make one chain, without a fork or a gap', async () => {
  const one = bench.create();
  const ledgers = [one.ledger, one.another(), one.another(), one.another()];

  await Promise.all(ledgers.map(({ audit }) => appendMany(audit, 15)));

  expect(await verifyChain(one.ledger.audit.chain())).toMatchObject({
    entries: 60,
    lastSeq: 60,
    fault: null,
  });
});

test('what several processes tell of is one entry', async () => {
  const one = bench.create();
  const ledgers = [one.ledger, one.another(), one.another()];

  const told = await Promise.all(
    ledgers.map(({ audit }) => audit.append(aNote({ act: 'brake' }), 'brake:all:1')),
  );
  await one.ledger.audit.append(aNote({ act: 'brake' }), 'brake:all:2');

  expect(told.filter((isFirst) => isFirst)).toHaveLength(1);
  expect(await verifyChain(one.ledger.audit.chain())).toMatchObject({ entries: 2, fault: null });
});

test('the chain holds after older entries were dropped', async () => {
  const { ledger, redis, keys } = bench.create();
  await appendMany(ledger.audit, 10);
  await redis.xtrim(keys.audit, 'MAXLEN', 4);

  await ledger.audit.append(aNote());

  expect(await verifyChain(ledger.audit.chain())).toMatchObject({
    entries: 5,
    firstSeq: 7,
    lastSeq: 11,
    fault: null,
  });
  expect(AUDIT_KEPT).toBe(50_000);
});

test('a changed entry, and one that was taken out, is named as the first that does not hold', async () => {
  const { ledger, redis, keys } = bench.create();
  await appendMany(ledger.audit, 4);
  const [, second, third] = await redis.xrange(keys.audit, '-', '+');
  const copy = bench.create();
  for (const [id, fields] of await redis.xrange(keys.audit, '-', '+')) {
    const changed = id === third?.[0] ? fields.map((one) => one.replace('ann', 'bob')) : fields;
    await copy.redis.xadd(copy.keys.audit, id, ...changed);
  }
  await redis.xdel(keys.audit, second?.[0] ?? '');

  expect(await verifyChain(ledger.audit.chain())).toMatchObject({
    entries: 1,
    fault: { place: `entry ${third?.[0]}`, why: 'entries 2 to 2 are missing before it' },
  });
  expect((await verifyChain(copy.ledger.audit.chain())).fault).toEqual({
    place: `entry ${third?.[0]}`,
    why: 'its hash is not that of its text: it was changed',
  });
});

test('what another client wrote into the stream does not hold, and stops no later entry', async () => {
  const { ledger, redis, keys } = bench.create();
  await appendMany(ledger.audit, 2);
  await redis.xadd(keys.audit, '*', 'junk', '1');

  expect(await ledger.audit.append(aNote())).toBe(true);

  expect((await verifyChain(ledger.audit.chain())).fault?.why).toBe('it is no entry of an audit');
  expect((await ledger.audit.newest(1))[0]?.entry).toMatchObject({ seq: 1 });
});

test('one process at a time writes the export, and the next one goes on where it stopped', async () => {
  const { ledger } = bench.create();
  await appendMany(ledger.audit, 3);
  const [first] = await ledger.audit.after('', 1);

  expect(await ledger.audit.holdWriter('a/1', 60_000)).toBe('');
  expect(await ledger.audit.holdWriter('b/2', 60_000)).toBeNull();
  expect(await ledger.audit.noteExported('a/1', 60_000, first?.id ?? '')).toBe(true);
  expect(await ledger.audit.noteExported('b/2', 60_000, '0-1')).toBe(false);
  await ledger.audit.leaveWriter('b/2');
  expect(await ledger.audit.holdWriter('b/2', 60_000)).toBeNull();
  await ledger.audit.leaveWriter('a/1');
  expect(await ledger.audit.holdWriter('b/2', 60_000)).toBe(first?.id);
});
