import { anAccountId, anInstanceId, NOW_MS } from '@muster/testing/builders';
import { type BrakeRule, isWindowOver } from './brake.ts';
import type { AccountId, InstanceId } from '../organization/ids.ts';
import type { BrakeLedger, SentHost } from './brake-store.ts';

/** The product's defaults. */
export const DEFAULT_BRAKE: BrakeRule = { window: 50, minOutcomes: 20, maxFailureShare: 0.5 };

/** What becomes of a host: how long its command takes, and whether it has joined at its end. */
export interface Fate {
  readonly tookMs: number;
  readonly failed: boolean;
}

/** A simulated first roll-out. Times are simulated. */
export interface RollOut {
  readonly seed: number;
  readonly accounts: number;
  readonly hosts: number;
  /** Commands that leave per second, over all accounts. */
  readonly commandsPerSecond: number;
  /** Installs in flight at once; ends with the command. */
  readonly inFlight: number;
  readonly fateOf: (account: number, random: () => number) => Fate;
  /** Failed hosts are tried again so often. */
  readonly retries: number;
}

/** A brake that was engaged. */
export interface Engaged {
  readonly scope: string;
  /** Hosts of the scope that were sent to until then, and those of them that had ended. */
  readonly sent: number;
  readonly ended: number;
}

interface Host {
  readonly id: InstanceId;
  readonly account: number;
  readonly fate: Fate;
  failedAtMs: number | null;
  tries: number;
}

interface Moment {
  readonly atMs: number;
  readonly hosts: readonly Host[];
}

const RETRY_MS = 600_000;

/** A reproducible random number from 0 to 1 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Sends to a whole fleet in commands of up to 50 hosts of a region, four regions to an account, tells the ledger each end in the
 * order in which it happens, and stops what the brake stops.
 */
export async function playRollOut(brake: BrakeLedger, plan: RollOut): Promise<readonly Engaged[]> {
  const random = seededRandom(plan.seed);
  const queue = commandsOf(plan, random);
  const ends: Moment[] = [];
  const engaged: Engaged[] = [];
  const stopped = new Set<string>();
  const sent = new Map<string, number>();
  const ended = new Map<string, number>();
  const count = (counts: Map<string, number>, account: number, by: number): void => {
    for (const scope of ['all', scopeOf(account)]) counts.set(scope, (counts.get(scope) ?? 0) + by);
  };
  let nowMs = NOW_MS;
  let inFlight = 0;

  const end = async ({ hosts }: Moment): Promise<void> => {
    for (const host of hosts) {
      inFlight -= 1;
      count(ended, host.account, 1);
      if (host.fate.failed) host.failedAtMs = nowMs;
      const told = [{ instanceId: host.id, failed: host.fate.failed }];
      const windows = await brake.countEnded(anAccountId(host.account), told, DEFAULT_BRAKE, nowMs);
      for (const window of windows) {
        if (stopped.has(window.scope) || !isWindowOver(window, DEFAULT_BRAKE, plan.accounts)) continue;
        stopped.add(window.scope);
        engaged.push({
          scope: window.scope,
          sent: sent.get(window.scope) ?? 0,
          ended: ended.get(window.scope) ?? 0,
        });
      }
      if (host.fate.failed && host.tries <= plan.retries) {
        queue.push({ atMs: nowMs + RETRY_MS, hosts: [host] });
      }
    }
  };

  while (queue.length > 0 || ends.length > 0) {
    ends.sort((a, b) => a.atMs - b.atMs);
    queue.sort((a, b) => a.atMs - b.atMs);
    const command = queue[0];
    const next = ends[0];
    const mayBeSent = command !== undefined && inFlight + command.hosts.length <= plan.inFlight;
    if (next !== undefined && (!mayBeSent || next.atMs <= command.atMs)) {
      ends.shift();
      nowMs = Math.max(nowMs, next.atMs);
      await end(next);
      continue;
    }
    if (command === undefined) break;
    queue.shift();
    nowMs = Math.max(nowMs, command.atMs);
    const account = command.hosts[0]?.account ?? 0;
    if (stopped.has('all') || stopped.has(scopeOf(account))) continue;
    await brake.countSent(anAccountId(account), command.hosts.map(sentHost), DEFAULT_BRAKE, nowMs);
    count(sent, account, command.hosts.length);
    inFlight += command.hosts.length;
    for (const host of command.hosts) {
      host.tries += 1;
      ends.push({ atMs: nowMs + host.fate.tookMs, hosts: [host] });
    }
  }
  return engaged;
}

function sentHost(host: Host): SentHost {
  return { instanceId: host.id, failedBeforeAtMs: host.failedAtMs };
}

function scopeOf(account: number): `account:${AccountId}` {
  return `account:${anAccountId(account)}`;
}

/** Hosts lie in regions of very different sizes; the commands leave in any order. */
function commandsOf(plan: RollOut, random: () => number): Moment[] {
  const weights = Array.from({ length: plan.accounts * 4 }, () => 0.2 + random() ** 2);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const commands: Host[][] = [];
  let made = 0;
  let upTo = 0;
  for (const [target, weight] of weights.entries()) {
    upTo += weight;
    const hosts: Host[] = [];
    const account = Math.floor(target / 4);
    for (const until = Math.round((plan.hosts * upTo) / sum); made < until; made += 1) {
      hosts.push({
        id: anInstanceId(made),
        account,
        fate: plan.fateOf(account, random),
        failedAtMs: null,
        tries: 0,
      });
    }
    for (let at = 0; at < hosts.length; at += 50) commands.push(hosts.slice(at, at + 50));
  }
  const order = commands.map((hosts) => ({ hosts, key: random() })).toSorted((a, b) => a.key - b.key);
  return order.map(({ hosts }, n) => ({ hosts, atMs: NOW_MS + (n * 1_000) / plan.commandsPerSecond }));
}
