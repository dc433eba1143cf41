import type { Redis } from 'ioredis';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import {
  HOST_MANAGEMENT_STATES,
  type HostManagement,
  type HostManagementState,
  type HostManagementSum,
} from './host-management.ts';
import type { AccountId } from './ids.ts';
import { readTargetId, type Target, targetId } from './target.ts';

/** Targets that a sum names. */
const MOST_NAMED = 3;

/** What the ledger knows before a scan asks AWS. */
export interface KnownHostManagement {
  /** Null when the target had no unmanaged hosts. */
  readonly known: HostManagement | null;
  /** Until when the account's role is taken for one that may not ask, in no region; null when it may. Epoch ms. */
  readonly deniedUntilMs: number | null;
}

/** Where Default Host Management Configuration is on or off, of targets with hosts that Systems Manager does not have. */
export interface HostManagementLedger {
  read(target: Target): Promise<KnownHostManagement>;
  /** Null: the target has no unmanaged hosts (any more). */
  put(target: Target, value: HostManagement | null): Promise<void>;
  /** The account's role may not ask; it is tried again after `untilMs` (epoch ms). Null: it may. */
  putDenied(accountId: AccountId, untilMs: number | null): Promise<void>;
  sum(): Promise<HostManagementSum>;
  /** Every target that lacks it, those with most unmanaged hosts first. */
  lacking(): Promise<readonly (Target & { readonly hosts: number })[]>;
}

export function createHostManagementLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): HostManagementLedger {
  const { redis, keys, run } = deps;

  async function mostLacking(last: number): Promise<readonly (readonly [id: string, hosts: number])[]> {
    const flat = await redis.zrevrange(keys.hostManagementOff, 0, last, 'WITHSCORES');
    return flat.flatMap((id, at) => (at % 2 === 0 ? [[id, Number(flat[at + 1] ?? 0)] as const] : []));
  }

  return {
    async read(target) {
      const [text, denied] = await redis.hmget(
        keys.hostManagement,
        targetId(target),
        deniedField(target.accountId),
      );
      return { known: parse(text ?? ''), deniedUntilMs: denied === null ? null : Number(denied) || null };
    },

    async put(target, value) {
      const text =
        value === null
          ? ''
          : [value.state, value.hosts, value.withoutProfile, Math.floor(value.askAgainAtMs)].join('|');
      await run(
        'put-host-management',
        [keys.hostManagement, keys.hostManagementOff],
        [targetId(target), text],
      );
    },

    async putDenied(accountId, untilMs) {
      const field = deniedField(accountId);
      if (untilMs === null) await redis.hdel(keys.hostManagement, field);
      else await redis.hset(keys.hostManagement, field, Math.floor(untilMs));
    },

    async sum() {
      const numbers = SUM_FIELDS.map(([state, part]) => `sum:${state}:${part}`);
      const [texts, most] = await Promise.all([
        redis.hmget(keys.hostManagement, 'off-since', ...numbers),
        mostLacking(MOST_NAMED - 1),
      ]);
      const values = new Map(numbers.map((field, at) => [field, Number(texts[at + 1] ?? 0)]));
      const of = (state: HostManagementState, part: SumPart): number =>
        Math.max(0, values.get(`sum:${state}:${part}`) ?? 0);
      const sumOf = (state: HostManagementState) => ({
        targets: of(state, 'targets'),
        hosts: of(state, 'hosts'),
        withoutProfile: of(state, 'withoutProfile'),
      });
      return {
        byState: { on: sumOf('on'), off: sumOf('off'), unknown: sumOf('unknown') },
        offSinceMs: Number(texts[0] ?? 0) || null,
        most: most.flatMap(([id, hosts]) => (readTargetId(id) === null ? [] : [{ place: id, hosts }])),
      };
    },

    async lacking() {
      return (await mostLacking(-1)).flatMap(([id, hosts]) => {
        const target = readTargetId(id);
        return target === null ? [] : [{ ...target, hosts }];
      });
    },
  };
}

type SumPart = 'targets' | 'hosts' | 'withoutProfile';
const SUM_FIELDS = HOST_MANAGEMENT_STATES.flatMap((state) =>
  (['targets', 'hosts', 'withoutProfile'] as const).map((part) => [state, part] as const),
);

function deniedField(accountId: AccountId): string {
  return `denied:${accountId}`;
}

/** Null for what no release wrote so: AWS is asked again. */
function parse(text: string): HostManagement | null {
  const [word, ...rest] = text.split('|');
  const state = HOST_MANAGEMENT_STATES.find((one) => one === word);
  const [hosts, withoutProfile, askAgainAtMs] = rest.map(Number);
  const isWhole = [hosts, withoutProfile, askAgainAtMs].every((one) => Number.isSafeInteger(one));
  if (state === undefined || !isWhole) return null;
  return { state, hosts: hosts ?? 0, withoutProfile: withoutProfile ?? 0, askAgainAtMs: askAgainAtMs ?? 0 };
}
