import { useLedgerBench } from '@muster/testing/ledger-bench';
import { IS_OPERATOR } from '@muster/testing/test-redis';
import { describe, expect, it } from 'vitest';
import { oldKeys } from '../redis/keys.ts';
import { isInCluster } from '../redis/slot-owner.ts';
import { createOwnerLedger } from './owner-store.ts';
import { type Installation, LEDGER_READABLE_FROM } from './installation.ts';

const bench = useLedgerBench();
const MINE: Installation = { cluster: 'teleport.example.com', group: 'aws', organizations: ['o-1'] };
const PAUSE = { scope: 'account:111122223333', atMs: 1, by: 'operator', reason: 'incident' };

/** A new ledger on a Redis where release 0.1 has worked under the same prefix; none on a Cluster, which 0.1 refused. */
async function beside(owner: object | null, context: { skip: () => void }) {
  const made = bench.create();
  if (isInCluster(made.redis)) context.skip();
  const prefix = made.keys.owner.slice(1, made.keys.owner.indexOf('}'));
  const old = oldKeys(prefix);
  if (owner !== null) await made.redis.set(old.owner, JSON.stringify(owner));
  await made.redis.hset(old.pauses, PAUSE.scope, JSON.stringify(PAUSE));
  await made.redis.set(old.hold, 'released');
  await made.redis.set(old.signedSince, '1700000000000');
  await made.redis.hset(old.accounts, '111122223333', '{}');
  await made.redis.hset(
    `${prefix}:{111122223333.eu-west-1}:instances`,
    'i-00000000000000001',
    '1|joined||0|0|{}',
  );
  return { ...made, prefix, old };
}

const OWNER_OF_0_1 = { schema: 1, readableFrom: 1, ...MINE };

describe('a ledger of release 0.1', () => {
  it('gives its pauses, its hold and its date of signing to the new one, with one line and one note', async (context) => {
    const { ledger, lines, prefix } = await beside(OWNER_OF_0_1, context);

    expect(await ledger.owner.claim(MINE)).toBeNull();
    expect(await ledger.owner.claim(MINE)).toBeNull();

    expect(await ledger.control.pauses()).toMatchObject([PAUSE]);
    expect(await ledger.control.hold(true)).toBe('released');
    expect(await ledger.control.signedSince()).toBe(1_700_000_000_000);
    expect(lines.filter(({ message }) => message.includes('release 0.1'))).toHaveLength(1);
    expect(await ledger.control.findings()).toMatchObject([
      { kind: 'ledger-rebuilt', scope: 'all', remedy: expect.stringContaining(`--pattern '${prefix}:{*'`) },
    ]);
    // Nothing else is read: what was joined is found by the inventory.
    expect(await ledger.enrollments.keptTargets()).toEqual([]);
  });

  it('ends its own processes and commands: it is a newer release’s for them', async (context) => {
    const { ledger, redis, old } = await beside(OWNER_OF_0_1, context);

    await ledger.owner.claim(MINE);

    const said = JSON.parse((await redis.get(old.owner)) ?? '') as { readableFrom: number };
    // Release 0.1 has schema 1, and refuses what is readable from a later one only.
    expect(said.readableFrom).toBe(LEDGER_READABLE_FROM);
    expect(said.readableFrom).toBeGreaterThan(1);
    // What they send until they have ended is older than the first list of a target's commands.
    const epoch = await ledger.epochs.current();
    expect(await ledger.epochs.seenAtMs(epoch)).toBeGreaterThan(Date.now() + 50_000);
  });

  it('does not bring back a pause that an operator has ended since', async (context) => {
    const { ledger, redis, keys } = await beside(OWNER_OF_0_1, context);
    await ledger.owner.claim(MINE);
    await ledger.control.resume(PAUSE.scope as never);

    // The prefix is given up and claimed again.
    await redis.del(keys.owner);
    await ledger.owner.claim({ ...MINE, group: 'another' });

    expect(await ledger.control.pauses()).toEqual([]);
  });

  it('is taken over whole by a process that follows one killed in the middle of it', async (context) => {
    const { ledger, redis, keys, prefix } = await beside(OWNER_OF_0_1, context);
    const killed = createOwnerLedger({
      redis,
      keys,
      prefix,
      run: () => Promise.reject(new Error('killed')),
      control: { ...ledger.control, raise: () => Promise.reject(new Error('killed')) },
      epochs: ledger.epochs,
      log: { warn: () => undefined } as never,
    });
    await expect(killed.claim(MINE)).rejects.toThrow('killed');
    await redis.del(keys.pauses);

    expect(await ledger.owner.claim(MINE)).toBeNull();

    expect(await ledger.control.pauses()).toMatchObject([PAUSE]);
    expect(await ledger.control.findings()).toHaveLength(1);
  });

  it('of another installation keeps this one out, and gives it nothing', async (context) => {
    const { ledger, redis, old } = await beside({ ...OWNER_OF_0_1, cluster: 'other.example.com' }, context);
    const before = await redis.get(old.owner);

    expect(await ledger.owner.claim(MINE)).toContain('other.example.com');
    expect(await ledger.owner.whyForeign(MINE)).toContain('other.example.com');

    expect(await ledger.control.hold(true)).toBe('held');
    expect(await redis.get(old.owner)).toBe(before);
  });

  it('that does not say whose it is, is taken over by the first that comes', async (context) => {
    const { ledger } = await beside(null, context);

    expect(await ledger.owner.claim(MINE)).toBeNull();

    expect(await ledger.control.pauses()).toMatchObject([PAUSE]);
  });

  // As that user no other can be made.
  it.skipIf(!IS_OPERATOR)(
    'that the Redis user may not look at, stops the start: its pauses would be overlooked',
    async (context) => {
      const { redis, ledger, prefix } = await beside(OWNER_OF_0_1, context);
      await redis.call('ACL', 'SETUSER', 'narrow', 'on', 'nopass', '+@all', `~{${prefix}}:*`);
      await redis.auth('narrow', 'any');

      await expect(ledger.owner.claim(MINE)).rejects.toMatchObject({
        code: 'ledger.unavailable',
        message: expect.stringMatching(/release 0\.1 may have left: ACL SETUSER \w+ ~[\w-]+:\{\*/),
      });
    },
  );
});

it('an empty Redis is claimed without a word', async () => {
  const { ledger, lines } = bench.create();

  expect(await ledger.owner.claim(MINE)).toBeNull();

  expect(await ledger.control.findings()).toEqual([]);
  expect(lines).toEqual([]);
});
