import { isIPv6 } from 'node:net';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createCounter } from '@muster/core/runtime/metrics';
import type { Registry } from '../http/ledger-metrics.ts';

/** Counts wrong passwords, and blocks an address that sends many. Every call costs the same, however many addresses try. */
export interface PasswordTries {
  /** Seconds until this address may try again; null when it may now. A right password does not pass before either. */
  blockedForSeconds(address: string): number | null;
  wrong(address: string): void;
  right(address: string): void;
}

const WINDOW_MS = 60_000;
/** A person mistypes a few times. */
const MOST_PER_ADDRESS = 10;
/** Over all addresses, for tries that are spread. Addresses from which the right password came lately are not held up. */
const MOST_IN_TOTAL = 100;
const TRUSTED_MS = 60 * 60_000;
/** Of each kind; beyond it the oldest is forgotten. */
const ADDRESSES_KEPT = 1_000;

/** @param deps.metrics gets `muster_console_password_tries_total` */
export function createPasswordTries(deps: {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Registry;
}): PasswordTries {
  const { clock, log } = deps;
  const count = createCounter(deps.metrics, {
    name: 'muster_console_password_tries_total',
    help: 'Requests with a wrong password, and requests that were refused because there were many.',
    labels: { result: ['wrong', 'refused'] },
  });
  const trusted = new Map<string, number>();
  let window = emptyWindow(clock.now());
  const current = (): typeof window => {
    if (clock.now() - window.startedAtMs >= WINDOW_MS) window = emptyWindow(clock.now());
    return window;
  };
  /** At one, ten, a hundred …: an attack is logged as it grows, and never fills the log. */
  const tell = (tries: number, address: string, message: string): void => {
    if (Math.log10(tries) % 1 !== 0) return;
    log.warn({ address, tries, addresses: window.byAddress.size, inMs: WINDOW_MS }, message);
  };
  return {
    blockedForSeconds: (given) => {
      const address = networkOf(given);
      const { startedAtMs, total, byAddress } = current();
      const isKnown = (trusted.get(address) ?? 0) > clock.now();
      const isBlocked =
        (byAddress.get(address) ?? 0) >= MOST_PER_ADDRESS || (total >= MOST_IN_TOTAL && !isKnown);
      if (!isBlocked) return null;
      window.refused += 1;
      count({ result: 'refused' });
      tell(window.refused, address, 'tries of the console’s password are refused');
      return Math.max(1, Math.ceil((startedAtMs + WINDOW_MS - clock.now()) / 1_000));
    },
    wrong: (given) => {
      const address = networkOf(given);
      const { byAddress } = current();
      window.total += 1;
      remember(byAddress, address, (byAddress.get(address) ?? 0) + 1);
      count({ result: 'wrong' });
      tell(window.total, address, 'wrong password for the console');
    },
    right: (given) => {
      remember(trusted, networkOf(given), clock.now() + TRUSTED_MS);
    },
  };
}

function emptyWindow(startedAtMs: number): {
  readonly startedAtMs: number;
  readonly byAddress: Map<string, number>;
  total: number;
  refused: number;
} {
  return { startedAtMs, byAddress: new Map(), total: 0, refused: 0 };
}

/** Moves the address to the end, so that the oldest stands first. */
function remember(map: Map<string, number>, address: string, value: number): void {
  map.delete(address);
  map.set(address, value);
  for (const oldest of map.keys()) {
    if (map.size <= ADDRESSES_KEPT) return;
    map.delete(oldest);
  }
}

/** A host of IPv6 has 2^64 addresses of its own: what counts is its network. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
