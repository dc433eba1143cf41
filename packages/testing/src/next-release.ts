import type { Ledger } from '@muster/core/control/ledger';
import { LEDGER_SCHEMA } from '@muster/core/control/installation';
import type { StoredRecord } from '@muster/core/enrollment/record';
import type { InstanceId } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import type { createKeys } from '@muster/core/redis/keys';
import type { createRedis } from '@muster/core/redis/connection';

/** The schema number of the release after this one. */
export const NEXT_SCHEMA = LEDGER_SCHEMA + 1;

interface Store {
  readonly ledger: Pick<Ledger, 'enrollments'>;
  readonly redis: ReturnType<typeof createRedis>;
  readonly keys: ReturnType<typeof createKeys>;
}

/**
 * Changes records of a target as a process of the next release would: every index agrees with them, they are sealed, and they
 * and the target's intents carry its schema number.
 *
 * @param changeOf any JSON for a record, of any state without a cause; null leaves it as it is
 */
export async function writeAsNextRelease(
  { ledger, redis, keys }: Store,
  target: Target,
  changeOf: (record: StoredRecord) => object | null,
): Promise<void> {
  const records = await ledger.enrollments.readAll(target);
  const changes = [...records].flatMap(([instanceId, { version, value }]) => {
    const after = changeOf(value);
    return after === null ? [] : [{ instanceId, expected: version, value: after as never }];
  });
  await ledger.enrollments.write(target, 'each', changes, []);
  const names = keys.target(target);
  const changed = changes.map(({ instanceId }) => instanceId);
  await raiseSchema(redis, names.instances, changed);
  await raiseSchema(redis, names.intents, await redis.hkeys(names.intents));
}

/** The texts of a target's records, as they lie in Redis. */
export async function recordTexts(
  { redis, keys }: Pick<Store, 'redis' | 'keys'>,
  target: Target,
): Promise<Readonly<Record<InstanceId, string>>> {
  return await redis.hgetall(keys.target(target).instances);
}

async function raiseSchema(redis: Store['redis'], key: string, fields: readonly string[]): Promise<void> {
  for (const field of fields) {
    const text = (await redis.hget(key, field)) ?? '';
    await redis.hset(key, field, text.replace(`{"v":${LEDGER_SCHEMA},`, `{"v":${NEXT_SCHEMA},"ring":2,`));
  }
}
