import type { Redis } from 'ioredis';
import { z } from 'zod';
import { EpochMs } from '../../enrollment/record.ts';
import { encodeStored, parseStored, readEpochMs } from '../../enrollment/stored-schema.ts';
import type { Keys } from '../../redis/keys.ts';
import { redisTime } from '../../redis/redis-time.ts';
import { hashOfSecret, newSecretToken } from '../../runtime/secret-token.ts';
import type { ScopeText } from '../scope.ts';
import { type Role, ROLES } from './role.ts';

/** What every API token begins with, so that scanners of secrets know it where it was left by mistake. */
export const TOKEN_PREFIX = 'muster_';

const StoredToken = z.looseObject({
  name: z.string(),
  role: z.enum(ROLES),
  scope: z.string(),
  createdAtMs: EpochMs,
  expiresAtMs: EpochMs,
  by: z.string(),
});

/** An API token, without its secret. */
export interface ApiToken {
  /** The first ten hexadecimal digits of the secret's hash: names it in lists. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** What it may act on, as `printScope` writes it. It reads everything. */
  readonly scope: ScopeText;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** The operator who made it. */
  readonly by: string;
  /** A minute exact; null: never used. */
  readonly usedAtMs: number | null;
}

const ID_DIGITS = 10;
/** How exact the last use is: a program that asks all the time costs one write in this time. */
const USE_EXACT_MS = 60_000;

/** API tokens: what programs sign in by. Redis holds the hash of each, and its own time says when one expires. */
export function createTokenLedger({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  /** With those that have expired, by the hash of their secret. */
  async function readAll(): Promise<ReadonlyMap<string, ApiToken>> {
    const [texts, used] = await Promise.all([
      redis.hgetall(keys.apiTokens),
      redis.hgetall(keys.apiTokensUsed),
    ]);
    const tokens = Object.entries(texts).map(
      ([hash, text]) => [hash, tokenOf(hash, text, used[hash])] as const,
    );
    return new Map(tokens.filter((entry): entry is [string, ApiToken] => entry[1] !== null));
  }

  async function drop(hashes: readonly string[]): Promise<void> {
    if (hashes.length === 0) return;
    await redis
      .multi()
      .hdel(keys.apiTokens, ...hashes)
      .hdel(keys.apiTokensUsed, ...hashes)
      .exec();
  }

  return {
    /** @returns the token with its secret, which is told once: Redis holds its hash */
    async make(
      wanted: Pick<ApiToken, 'name' | 'role' | 'scope' | 'by'> & { readonly lifeMs: number },
    ): Promise<{ readonly secret: string; readonly token: ApiToken }> {
      const { lifeMs, ...token } = wanted;
      const secret = newSecretToken(TOKEN_PREFIX);
      const createdAtMs = await redisTime(redis);
      const stored = { ...token, createdAtMs, expiresAtMs: createdAtMs + lifeMs };
      await redis.hset(keys.apiTokens, hashOfSecret(secret), encodeStored(stored));
      return { secret, token: { ...stored, id: hashOfSecret(secret).slice(0, ID_DIGITS), usedAtMs: null } };
    },

    /** Whose secret this is; null for one that is none, was revoked or has expired. Notes the use. */
    async find(secret: string): Promise<ApiToken | null> {
      const hash = hashOfSecret(secret);
      const [text, used, now] = await Promise.all([
        redis.hget(keys.apiTokens, hash),
        redis.hget(keys.apiTokensUsed, hash),
        redisTime(redis),
      ]);
      const token = text === null ? null : tokenOf(hash, text, used);
      if (token === null || token.expiresAtMs <= now) return null;
      if (now - readEpochMs(used) >= USE_EXACT_MS) await redis.hset(keys.apiTokensUsed, hash, String(now));
      return token;
    },

    /** Those that have not expired, the oldest first. What has expired is deleted. */
    async list(): Promise<readonly ApiToken[]> {
      const [all, now] = [await readAll(), await redisTime(redis)];
      await drop([...all].filter(([, { expiresAtMs }]) => expiresAtMs <= now).map(([hash]) => hash));
      return [...all.values()]
        .filter(({ expiresAtMs }) => expiresAtMs > now)
        .toSorted((a, b) => a.createdAtMs - b.createdAtMs);
    },

    /** @returns the tokens of this id or name that are no more; empty where there was none */
    async revoke(idOrName: string): Promise<readonly ApiToken[]> {
      const meant = [...(await readAll())].filter(([, { id, name }]) => id === idOrName || name === idOrName);
      await drop(meant.map(([hash]) => hash));
      return meant.map(([, token]) => token);
    },
  };
}

function tokenOf(hash: string, text: string, used: string | null | undefined): ApiToken | null {
  const stored = parseStored(StoredToken, text);
  if (stored === null) return null;
  const usedAtMs = readEpochMs(used);
  return {
    ...stored,
    scope: stored.scope as ScopeText,
    id: hash.slice(0, ID_DIGITS),
    usedAtMs: usedAtMs === 0 ? null : usedAtMs,
  };
}

export type TokenLedger = ReturnType<typeof createTokenLedger>;
