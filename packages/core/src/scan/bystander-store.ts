import type { Redis } from 'ioredis';
import { InstanceId } from '../organization/ids.ts';
import { type Target, targetId } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';

/** A scan looks closely at every target within a day, and writes it again. */
const KEPT_SECONDS = 3 * 86_400;

/** Instances that scans see and keep no record of: for the one question what became of one of them. */
export function createBystanders({ redis, keys, run }: { redis: Redis; keys: Keys; run: RunScript }) {
  return {
    /** Replaces what is known of a target's instances without records. */
    async putBystanders(target: Target, bystanders: Bystanders): Promise<void> {
      const names = keys.target(target);
      await run(
        'put-bystanders',
        [names.bystanders, names.instances, keys.instanceTargets],
        [targetId(target), writeBystanders(bystanders), KEPT_SECONDS],
      );
    },

    /** All that the target's last scan saw and keeps no record of, up to `MOST`. */
    async readBystanders(target: Target): Promise<Bystanders> {
      return parseBystanders((await redis.get(keys.target(target).bystanders)) ?? '');
    },

    /** Why the target's last scan that saw the instance keeps no record of it; null when none saw it. */
    async findBystander(target: Target, id: InstanceId) {
      return findBystander((await redis.get(keys.target(target).bystanders)) ?? '', id);
    },
  };
}

/** Why a scan that sees an instance keeps no record of it. */
export type BystanderKind = 'opted-out' | 'unmatched' | 'stopped' | 'starting';

/** Instances of a target that a scan saw and keeps no record of, by what they are. */
export type Bystanders = ReadonlyMap<InstanceId, BystanderKind>;

/** What it means, as a sentence. */
export const BYSTANDER_TEXTS: Readonly<Record<BystanderKind, string>> = {
  'opted-out':
    'a tag of its own excludes it (muster:opt-out, or exclude_tags of the matcher): it is left alone',
  unmatched: 'no matcher of the configuration wants it: it is left alone',
  stopped: 'it is wanted, and was stopped when it was last seen: it is enrolled once it runs',
  starting: 'it is wanted, and was starting when it was last seen: the next scan takes it up',
};

const LETTERS: Readonly<Record<BystanderKind, string>> = {
  'opted-out': 'o',
  unmatched: 'u',
  stopped: 's',
  starting: 'p',
};
const KINDS = Object.entries(LETTERS) as [BystanderKind, string][];

/** More of a target's are not kept. */
const MOST = 5_000;

/** One text, `LETTER:ID,ID …`: a few bytes each, since a target may have thousands that no operator asks for. */
export function writeBystanders(bystanders: Bystanders): string {
  const kept = [...bystanders].slice(0, MOST);
  return KINDS.map(([kind, letter]) => {
    const ids = kept.filter(([, one]) => one === kind).map(([id]) => id);
    return ids.length === 0 ? '' : `${letter}:${ids.join(',')}`;
  })
    .filter((part) => part !== '')
    .join(' ');
}

/** What the text says of one instance; null when nothing. */
export function findBystander(text: string, id: InstanceId): BystanderKind | null {
  return parseBystanders(text).get(id) ?? null;
}

function parseBystanders(text: string): Bystanders {
  const found = new Map<InstanceId, BystanderKind>();
  for (const part of text.split(' ')) {
    const kind = KINDS.find(([, letter]) => part.startsWith(`${letter}:`))?.[0];
    if (kind === undefined) continue;
    for (const id of part.slice(2).split(',')) {
      const instanceId = InstanceId.safeParse(id).data;
      if (instanceId !== undefined) found.set(instanceId, kind);
    }
  }
  return found;
}
