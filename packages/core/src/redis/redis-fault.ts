import type { Command, Redis } from 'ioredis';
import { JobError, messageOf } from '../runtime/errors.ts';

/** What is wrong with a Redis, in two parts: findings and checks show them apart, a message shows both. */
export interface RedisFault {
  /** `config.unsafe`: no Redis for us. `ledger.unavailable`: it may be one again in a while. */
  readonly code: 'config.unsafe' | 'ledger.unavailable';
  /** A sentence, without its full stop. */
  readonly problem: string;
  /** Sentences that say what to do. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** The error of a fault; `details` has `problem` and `remedy`. */
export function redisFault({ code, problem, remedy, cause }: RedisFault): JobError {
  return new JobError(code, `${problem}. ${remedy}`, {
    retry: code === 'config.unsafe' ? 'never' : 'backoff',
    details: { problem, remedy },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The two parts of an error that `redisFault` made; of any other, its message and an empty remedy. */
export function partsOfFault(error: unknown): { readonly problem: string; readonly remedy: string } {
  if (error instanceof JobError) {
    const { problem, remedy } = error.details;
    if (problem !== undefined && remedy !== undefined) return { problem, remedy };
  }
  return { problem: error instanceof Error ? error.message : String(error), remedy: '' };
}

/** What a connection last met. `loading` is no error to the client, which waits and says nothing. */
export type Trouble = Error | 'loading';

/** Kept so that a process that waits for the connection in vain can say why. */
const troubles = new WeakMap<Redis, Trouble>();

export function noteTrouble(redis: Redis, trouble: Trouble): void {
  troubles.set(redis, trouble);
}

export function forgetTrouble(redis: Redis): void {
  troubles.delete(redis);
}

/** What stands in the way of this connection; null when nothing does. */
export function troubleOf(redis: Redis): Trouble | null {
  return troubles.get(redis) ?? null;
}

const GIVE_PASSWORD =
  'Put its password into a file and name that in muster.redis.password_file (or REDIS_PASSWORD_FILE), or write user and password into the Redis URL';

/** By the first word of Redis's answer, which is its code: https://redis.io/docs/latest/commands/auth/ (read 2026-11). */
const REFUSED_ENTRY: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  NOAUTH: ['Redis asks for a password, and none was given', GIVE_PASSWORD],
  WRONGPASS: ['Redis does not take the user and password it was given', GIVE_PASSWORD],
  NOPERM: [
    'The Redis user may not run a command that Muster needs',
    'Give it the rights of docs/redis.md (A user of its own); muster doctor names those that are missing',
  ],
  DENIED: [
    'Redis is in protected mode: it has no password, and answers its own machine only',
    'Give it a password (requirepass) instead of turning protected mode off',
  ],
};

const NAME_SENTINEL_PASSWORD =
  'Put their password into a file and name that in muster.redis.sentinel_password_file; the password of Redis itself is another one (muster.redis.password_file, or in the URL)';

/** The same of Sentinels. */
const REFUSED_BY_SENTINELS: typeof REFUSED_ENTRY = {
  NOAUTH: ['The Sentinels ask for a password, and none was given', NAME_SENTINEL_PASSWORD],
  WRONGPASS: ['The Sentinels do not take the password they were given', NAME_SENTINEL_PASSWORD],
  ERR: [
    'The Sentinels do not tell which server is the primary',
    'Let the Redis URL end with the name by which they watch it: redis-cli -p 26379 SENTINEL MASTERS shows it',
  ],
};

/** Redis 7.0 names neither the command nor the code of a refusal within a script. */
const DENIED_IN_SCRIPT = /^ERR The user executing the script can't (run|access)/;

/** Whether Redis denied a command, or this fault came of that, because the user lacks a right. */
export function isDenial(error: unknown): boolean {
  const text = messageOf(error instanceof JobError ? error.cause : error);
  return text.startsWith('NOPERM') || DENIED_IN_SCRIPT.test(text);
}

/** How the client begins what it tells when no Sentinel led to a primary, up to the answer of the last one. */
const BY_SENTINELS = /^All sentinels are unreachable.* Last error: /;

/** Why Redis, or its Sentinels, do not let this connection in, with their own words, and what to do; null for any other trouble. */
export function refusedEntry(error: unknown): { readonly problem: string; readonly remedy: string } | null {
  const whole = messageOf(error);
  const text = whole.replace(BY_SENTINELS, '').replace(DENIED_IN_SCRIPT, 'NOPERM $&');
  const known = (BY_SENTINELS.test(whole) ? REFUSED_BY_SENTINELS : REFUSED_ENTRY)[
    text.split(' ', 1)[0] ?? ''
  ];
  return known === undefined
    ? null
    : { problem: `${known[0]} (Redis said: ${text.slice(0, 200)})`, remedy: known[1] };
}

/** Long enough that a loop of failing commands costs nothing, short beside any outage. */
const REFUSED_AFTER_MS = 1_000;

/**
 * A Redis that is full, a replica, not yet ready, or in a Cluster in motion: the same command may pass in a while. `EXECABORT` is all that
 * a transaction tells of it, one of whose commands was refused.
 */
const REFUSAL =
  /^(EXECABORT|OOM|READONLY|MASTERDOWN|LOADING|MISCONF|NOREPLICAS|MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /;

/** Whether Redis refused a command for what it is just now: no fault of the command, nor of its caller. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && REFUSAL.test(error.message);
}

/**
 * Lets the commands of a connection that are refused for what Redis is just now fail a second later. BullMQ asks again at
 * once after such an error, as fast as Redis can refuse: on a full Redis a scheduler wrote a megabyte of log per second,
 * and kept Redis busy with it.
 */
export function slowRefusals(redis: Redis): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command: Command, ...rest) => {
    const { reject } = command;
    command.reject = (error: Error): void => {
      if (!isRefusal(error)) {
        reject(error);
        return;
      }
      // No process waits for it: in one that ends, no caller is left.
      setTimeout(reject, REFUSED_AFTER_MS, error).unref();
    };
    return send(command, ...rest);
  };
}
