import type { ScopeText } from '../control/scope.ts';
import { type AccountShare, type BrakeRule, type BrakeWindow, hostsOfOneAccount } from './brake.ts';
import { AccountId, type InstanceId } from '../organization/ids.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';

/** A host that a command was sent to. */
export interface SentHost {
  readonly instanceId: InstanceId;
  /** See `failedBeforeAtMs`. */
  readonly failedBeforeAtMs: number | null;
}

/** How a host ended: failed, or anything else. */
export interface EndedHost {
  readonly instanceId: InstanceId;
  readonly failed: boolean;
}

/** Longer than any command of ours can be live, and its hosts may take to join: an older window learns nothing more. */
const OLDEST_WINDOW_MS = 3 * 24 * 3_600_000;

/** The hosts that the brake judges by: see `brake.ts` and `count-hosts.lua`. */
export function createBrakeLedger(deps: { readonly keys: Keys; readonly run: RunScript }) {
  const { keys, run } = deps;
  const all = keys.brake('all');
  return {
    /** Hosts of an account that a command was sent to, in this order; one that is counted already stays where it is. */
    async countSent(
      accountId: AccountId,
      hosts: readonly SentHost[],
      rule: BrakeRule,
      nowMs: number,
    ): Promise<void> {
      if (hosts.length === 0) return;
      const told = hosts.flatMap(({ instanceId, failedBeforeAtMs }) => [instanceId, failedBeforeAtMs ?? '']);
      await run(
        'count-hosts',
        [all, keys.brake(`account:${accountId}`)],
        [
          'sent',
          nowMs,
          accountId,
          rule.window,
          rule.maxFailureShare,
          hostsOfOneAccount(rule),
          nowMs - OLDEST_WINDOW_MS,
          ...told,
        ],
      );
    },

    /**
     * How hosts of an account ended; telling it again changes nothing.
     *
     * @returns windows that may be over: those with a new failure, and the newest when too many of it have failed
     */
    async countEnded(
      accountId: AccountId,
      ends: readonly EndedHost[],
      rule: BrakeRule,
      nowMs: number,
    ): Promise<readonly BrakeWindow[]> {
      if (ends.length === 0) return [];
      const told = ends.flatMap(({ instanceId, failed }) => [instanceId, failed ? '1' : '0']);
      const rows = await run(
        'count-hosts',
        [all, keys.brake(`account:${accountId}`)],
        ['ended', nowMs, accountId, rule.maxFailureShare, ...told],
      );
      return (rows as readonly Row[]).map((row) => windowOf(row, accountId));
    },

    /** The brake was engaged for this window: what failed since it began counts once more after the reset. */
    async noteEngaged(
      { scope, beganAtMs }: Pick<BrakeWindow, 'scope' | 'beganAtMs'>,
      nowMs: number,
    ): Promise<void> {
      await run('count-hosts', [all, keys.brake(scope)], ['engage', nowMs, beganAtMs]);
    },

    /** The brake of a scope begins anew: what was sent before counts no more. Of `all`: that of every account too. */
    async reset(scope: ScopeText, nowMs: number): Promise<void> {
      if (scope !== 'all' && !scope.startsWith('account:')) return;
      await run('count-hosts', [all, keys.brake(scope)], ['reset', nowMs]);
    },
  };
}

/** What the brake counts. */
export type BrakeLedger = ReturnType<typeof createBrakeLedger>;

/** 1 for all or 2 for the account, when it began, hosts open, then account, hosts and failures of each account. */
type Row = readonly [scope: number, beganAtMs: number, open: number, ...accounts: (string | number)[]];

function windowOf([scope, beganAtMs, open, ...rest]: Row, accountId: AccountId): BrakeWindow {
  const accounts: AccountShare[] = [];
  for (let at = 0; at < rest.length; at += 3) {
    accounts.push({
      accountId: AccountId.parse(rest[at]),
      sent: Number(rest[at + 1]),
      failed: Number(rest[at + 2]),
    });
  }
  return { scope: scope === 1 ? 'all' : `account:${accountId}`, beganAtMs, open, accounts };
}
