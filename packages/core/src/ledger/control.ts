import type { Redis } from 'ioredis';
import type { Pause } from '../domain/control.ts';
import type { ControlLedger } from '../ports/ledger.ts';
import type { Keys } from '../redis/keys.ts';
import { createBrakeCounts } from './brake-counts.ts';
import { createEpochs } from './epochs.ts';
import { createTroubleFinder } from './redis-findings.ts';
import { createReservations } from './reservations.ts';
import { parseStored, StoredFinding, StoredPause } from './schema.ts';
import type { RunScript } from './scripts.ts';

/** What may stop a send: pauses, hold, caps, brake, findings, and the epoch. */
export function createControlLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
  readonly prefix: string;
}): ControlLedger {
  const { redis, keys, run } = deps;
  const findTrouble = createTroubleFinder(redis, deps.prefix);
  return {
    async pauses() {
      const fields = await redis.hgetall(keys.pauses);
      // A pause that cannot be parsed still counts: losing its reason is better than losing the kill switch.
      return Object.entries(fields).map(
        ([scope, text]) =>
          (parseStored(StoredPause, text) ?? {
            scope,
            atMs: 0,
            by: 'operator',
            reason: 'unreadable',
          }) as Pause,
      );
    },

    async pause(pause) {
      await redis.hset(keys.pauses, pause.scope, JSON.stringify(pause));
    },

    resume: async (scope) => (await redis.hdel(keys.pauses, scope)) === 1,

    async hold(configured) {
      if (configured) return (await redis.get(keys.hold)) === 'released' ? 'released' : 'held';
      return 'released';
    },

    async releaseHold() {
      await redis.set(keys.hold, 'released');
    },

    ...createReservations(deps),

    async signedSince() {
      const [seconds = 0] = await redis.time();
      await redis.set(keys.signedSince, seconds * 1_000, 'NX');
      return Number(await redis.get(keys.signedSince));
    },

    async raise(finding) {
      // The first report's time is kept, so that a finding shows how long it has stood.
      const field = findingId(finding.kind, finding.scope);
      const before = await redis.hget(keys.findings, field);
      const known = before === null ? null : parseStored(StoredFinding, before);
      await redis.hset(
        keys.findings,
        field,
        JSON.stringify({ ...finding, sinceMs: known?.sinceMs ?? finding.sinceMs }),
      );
    },

    async clear(kind, scope) {
      await redis.hdel(keys.findings, findingId(kind, scope));
    },

    async raised(kinds, scope) {
      const texts = await redis.hmget(keys.findings, ...kinds.map((kind) => findingId(kind, scope)));
      return new Set(kinds.filter((_, index) => texts[index] !== null));
    },

    async findings() {
      const [texts, trouble] = await Promise.all([redis.hvals(keys.findings), findTrouble()]);
      const stored = texts.map((text) => parseStored(StoredFinding, text)).filter((one) => one !== null);
      return [...(trouble === null ? [] : [trouble]), ...stored];
    },

    workedBy: () => redis.get(keys.workedBy),

    async setWorkedBy(word) {
      await redis.set(keys.workedBy, word);
    },

    ...createBrakeCounts({ keys, run }),
    ...createEpochs({ redis, keys }),
  };
}

function findingId(kind: string, scope: string): string {
  return `${kind}|${scope}`;
}
