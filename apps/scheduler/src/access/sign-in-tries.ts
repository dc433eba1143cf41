import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Keys } from '@muster/core/redis/keys';
import { createCounter } from '@muster/core/runtime/metrics';
import { hashOfSecret, newSecretToken } from '@muster/core/runtime/secret-token';
import type { Registry } from '../http/ledger-metrics.ts';
import { networkOf } from './network-of.ts';

/** Counts tries of passwords, over all schedulers, and stops those who guess. */
export interface SignInTries {
  /**
   * Counts a try before the password is looked at, so that a hundred at once are a hundred.
   *
   * @param name as it was given; null where the password has no user
   * @returns seconds until the next try may be made; null: this one may. A right password does not pass before either
   */
  begin(address: string, name: string | null): Promise<number | null>;
  /** The try was right: it does not count, and this address is known for this name. */
  right(address: string, name: string | null): Promise<void>;
  wrong(): void;
}

/** A person mistypes a few times. Per network, as `networkOf` has it. */
const PER_ADDRESS = { points: 10, duration: 60 };
/** Tries on one user from many addresses. Addresses that signed in by this name lately are not held up: no stranger locks a user out. */
const PER_NAME = { points: 20, duration: 15 * 60 };
/** Over all, from addresses that are not known: what the hashing of passwords may cost. */
const IN_TOTAL = { points: 100, duration: 60 };
const KNOWN = { points: 1, duration: 30 * 86_400 };

/** Hexadecimal digits: names of no user share 256 counters, or a stranger's made-up names would fill Redis. */
const DIGITS_OF_UNKNOWN = 2;

/** @param deps.metrics gets `muster_console_password_tries_total` */
export function createSignInTries(deps: {
  /** An ioredis client on a fail-fast connection. While it cannot answer, this process counts by itself. */
  readonly redis: unknown;
  readonly keys: Pick<Keys, 'signInTries'>;
  readonly metrics: Registry;
  /** Whether the users file has the name now. */
  readonly isUser: (name: string) => boolean;
}): SignInTries {
  const count = createCounter(deps.metrics, {
    name: 'muster_console_password_tries_total',
    help: 'Tries with a wrong password, and tries that were refused because there were many.',
    labels: { result: ['wrong', 'refused'] },
  });
  const limiter = (by: string, limit: typeof KNOWN) =>
    new RateLimiterRedis({
      ...limit,
      storeClient: deps.redis,
      keyPrefix: deps.keys.signInTries(by),
      insuranceLimiter: new RateLimiterMemory({ ...limit, keyPrefix: by }),
    });
  const byAddress = limiter('address', PER_ADDRESS);
  const byName = limiter('name', PER_NAME);
  const total = limiter('total', IN_TOTAL);
  const known = limiter('known', KNOWN);
  // A name of no user is held up as a user's is, or the answers would tell which names are users. Which of them share a counter
  // only this process knows: else a shared counter that is full would tell it.
  const salt = newSecretToken();
  const keyOfName = (name: string) =>
    deps.isUser(name)
      ? hashOfSecret(name)
      : `unknown ${hashOfSecret(`${salt} ${name}`).slice(0, DIGITS_OF_UNKNOWN)}`;
  const pair = (address: string, name: string | null) =>
    hashOfSecret(`${networkOf(address)} ${name !== null && deps.isUser(name) ? name : ''}`);

  /** One after the other: a try that one of them refuses counts in none behind it, so that one address fills no counter of all. */
  async function waitFor(address: string, name: string | null): Promise<number> {
    const isKnown = (await known.get(pair(address, name))) !== null;
    const wait = await waitOf(byAddress.consume(networkOf(address)));
    if (wait > 0 || isKnown) return wait;
    const waitOfName = name === null ? 0 : await waitOf(byName.consume(keyOfName(name)));
    return waitOfName > 0 ? waitOfName : waitOf(total.consume('all'));
  }

  return {
    async begin(address, name) {
      const waitSeconds = await waitFor(address, name);
      if (waitSeconds === 0) return null;
      count({ result: 'refused' });
      return waitSeconds;
    },
    async right(address, name) {
      const isKnown = (await known.get(pair(address, name))) !== null;
      await Promise.all([
        byAddress.reward(networkOf(address)),
        ...(isKnown ? [] : [total.reward('all')]),
        ...(isKnown || name === null ? [] : [byName.delete(keyOfName(name))]),
        known.set(pair(address, name), 1, KNOWN.duration),
      ]);
    },
    wrong: () => {
      count({ result: 'wrong' });
    },
  };
}

/** Seconds to wait, 0 where there is room: the library rejects with its result where there are too many. */
export async function waitOf(consuming: Promise<unknown>): Promise<number> {
  try {
    await consuming;
    return 0;
  } catch (rejected) {
    if (rejected instanceof RateLimiterRes) return Math.max(1, Math.ceil(rejected.msBeforeNext / 1_000));
    throw rejected;
  }
}
