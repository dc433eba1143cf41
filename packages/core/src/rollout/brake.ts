/**
 * When too many installs fail, and whether one account or the installer is to blame. Bad hosts fail in seconds and good ones
 * join in minutes, so ends are no fair sample: the first of them are failures in every fleet. Muster therefore counts hosts in
 * the order in which it sent to them, in windows of `window` hosts. A host that has not ended counts as not failed. Whatever
 * the order of the ends, a window is over only when so many of its hosts failed that the rest, all joined, could not mend it.
 */
import type { ScopeText } from '../control/scope.ts';
import type { StoredRecord } from '../enrollment/record.ts';
import type { AccountId } from '../organization/ids.ts';

/** What `muster.brake` says. */
export interface BrakeRule {
  /** Hosts in a full window. */
  readonly window: number;
  /** A window with fewer hosts stops nothing. */
  readonly minOutcomes: number;
  /** Share of failed hosts, 0..1, above which a scope is stopped. */
  readonly maxFailureShare: number;
}

/** Hosts of one account in a window. */
export interface AccountShare {
  readonly accountId: AccountId;
  readonly sent: number;
  readonly failed: number;
}

/** Hosts that were sent to one after another, as they stand now. */
export interface BrakeWindow {
  readonly scope: Extract<ScopeText, 'all' | `account:${string}`>;
  /** When its first host was sent to, epoch ms. */
  readonly beganAtMs: number;
  readonly accounts: readonly AccountShare[];
  /** Hosts that have not ended. */
  readonly open: number;
}

/** Accounts that must be broken, when there are enough, before everything is stopped. */
const SEVERAL = 5;
/** The same in a small organization: one or two broken accounts are stopped by their own brake. */
const FEWEST = 3;

/** Of one account, no more hosts than this are in a window of `all`: a fifth, or what three accounts need to be enough. */
export function hostsOfOneAccount({ window, minOutcomes }: BrakeRule): number {
  return Math.max(Math.ceil(window / SEVERAL), Math.ceil(minOutcomes / FEWEST));
}

/** How many accounts must be broken before everything is stopped: five, or more than half of all when there are fewer than ten. */
export function accountsToStopAll(accountsWithHosts: number): number {
  return Math.min(SEVERAL, Math.max(FEWEST, Math.floor(accountsWithHosts / 2) + 1));
}

/**
 * Whether a window says that its scope must stop. One of an account: more than the share of its hosts failed. One of `all`:
 * the same, and so did more than that share of the hosts of each of several accounts.
 *
 * @param accountsWithHosts accounts that hold instances, for a window of `all`
 */
export function isWindowOver(window: BrakeWindow, rule: BrakeRule, accountsWithHosts: number): boolean {
  const { sent, failed } = sumOf(window);
  if (sent < rule.minOutcomes || failed <= rule.maxFailureShare * sent) return false;
  return window.scope !== 'all' || brokenIn(window, rule) >= accountsToStopAll(accountsWithHosts);
}

/** The figures of a window, for the finding and the reason of the pause. */
export function describeWindow(window: BrakeWindow, rule: BrakeRule): string {
  const { sent, failed } = sumOf(window);
  const share = Math.round((100 * failed) / sent);
  const where =
    window.scope === 'all' ? ` in ${brokenIn(window, rule)} of ${window.accounts.length} accounts` : '';
  const open = window.open === 0 ? '' : `, ${window.open} have not ended`;
  return `${failed} of ${sent} hosts sent to one after another failed${where} (${share} %${open})`;
}

function sumOf({ accounts }: BrakeWindow): { readonly sent: number; readonly failed: number } {
  return accounts.reduce((sum, one) => ({ sent: sum.sent + one.sent, failed: sum.failed + one.failed }), {
    sent: 0,
    failed: 0,
  });
}

function brokenIn({ accounts }: BrakeWindow, { maxFailureShare }: BrakeRule): number {
  return accounts.filter(({ sent, failed }) => failed > maxFailureShare * sent).length;
}

/**
 * When the last command of this host failed, or led to no node: epoch ms of its end. Null for a host that was never sent
 * to, or has joined since. A host that failed before says something of itself, not of the installer: its retries do not
 * count, not even those that an operator asked for.
 */
export function failedBeforeAtMs({ attempts, joinedAtMs, failures }: StoredRecord): number | null {
  const last = attempts.findLast(({ commandId }) => commandId !== null);
  if (last === undefined) return null;
  const hasJoined = joinedAtMs !== null && (last.endedAtMs <= joinedAtMs || failures === 0);
  return last.cause === null && hasJoined ? null : last.endedAtMs;
}
