import { causeFacts, type StoredCause } from '../../enrollment/cause.ts';
import {
  countUnmanaged,
  type HostManagementState,
  type UnmanagedHosts,
} from '../../organization/host-management.ts';
import type { Estimate } from './estimate.ts';
import {
  NO_INSTANCES,
  type AccountReading,
  type CleanUpReading,
  type InventoryReading,
  type OrganizationReading,
  type PlanCounts,
  type ReadStatus,
  type TargetReading,
} from './plan-part.ts';

/** SSM's default quota of managed nodes per account and region; installs beyond it cannot register. https://docs.aws.amazon.com/general/latest/gr/ssm.html */
export const MANAGED_NODES_QUOTA = 2_400;

/** `joined` is null where no inventory could be asked: unknown, not none. */
export type KnownCounts = Omit<PlanCounts, 'joined'> & { readonly joined: number | null };

/** Running, matched instances that SSM was asked about, and how many of them can be sent to. */
export interface ReadyShare {
  readonly judged: number;
  readonly ready: number;
}

/** Targets with hosts that Systems Manager does not manage. Where it is off, so many could be won at most. */
export interface UnmanagedTargets extends UnmanagedHosts {
  readonly targets: number;
}

export interface PlannedTarget {
  readonly region: string;
  readonly status: ReadStatus;
  readonly cause: StoredCause | null;
  readonly detail: string | null;
  readonly counts: KnownCounts;
  readonly ineligibleByCause: Readonly<Record<string, number>>;
  /** Null where every running, matched host is managed. */
  readonly hostManagement: HostManagementState | null;
}

export interface PlannedAccount {
  readonly accountId: string;
  readonly name: string;
  readonly units: readonly string[];
  readonly state: string;
  readonly status: ReadStatus;
  readonly cause: StoredCause | null;
  readonly detail: string | null;
  readonly counts: KnownCounts;
  readonly ineligibleByCause: Readonly<Record<string, number>>;
  readonly ssm: ReadyShare;
  readonly targets: readonly PlannedTarget[];
}

/** A scope that was not read: what is in it is unknown. */
export interface UnreadScope {
  readonly accountId: string;
  /** `*`: the whole account. */
  readonly region: string;
  readonly status: ReadStatus;
  readonly cause: StoredCause | null;
  readonly detail: string;
  readonly remedy: string | null;
}

export interface PlanWarning {
  readonly kind:
    | 'managed-nodes-quota'
    | 'inventory-unreadable'
    | 'no-inventory'
    | 'sends-held'
    | 'config-skew';
  /** `all`, or `ACCOUNT/REGION`. */
  readonly scope: string;
  readonly message: string;
}

/** `muster plan --json`; docs/plan.md describes it. */
export interface Plan {
  readonly version: 1;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly ranBy: 'workers' | 'local';
  /** `complete`: every scope was read. `partial`: see `unread`. `failed`: nothing could be. */
  readonly verdict: 'complete' | 'partial' | 'failed';
  /** Why the accounts could not all be listed; null when they were. */
  readonly error: string | null;
  readonly inventory: InventoryReading;
  /** What clean-up would remove from Teleport, whether it is on or off. Null: not known. */
  readonly cleanUp: CleanUpReading | null;
  readonly totals: {
    readonly accounts: number;
    readonly targets: number;
    readonly counts: KnownCounts;
    readonly ineligibleByCause: Readonly<Record<string, number>>;
    readonly ssm: ReadyShare;
    /** Hosts that Systems Manager does not manage, by whether Default Host Management Configuration is on in their target. */
    readonly hostManagement: Readonly<Record<HostManagementState, UnmanagedTargets>>;
  };
  readonly units: readonly {
    /** Ids from the root down, joined by `/`; empty for accounts that were named outright. */
    readonly path: string;
    readonly accounts: number;
    readonly unread: number;
    readonly counts: KnownCounts;
  }[];
  readonly accounts: readonly PlannedAccount[];
  readonly unread: readonly UnreadScope[];
  readonly warnings: readonly PlanWarning[];
  readonly estimate: { readonly sweep: Estimate; readonly firstRun: Estimate };
}

export interface PlanParts {
  readonly organization: OrganizationReading;
  readonly accounts: readonly AccountReading[];
  readonly targets: readonly TargetReading[];
  /** Parts that no worker answered: `account:ID` or `target:ID.REGION`. */
  readonly unanswered: readonly string[];
}

/** Puts the answers together. Every sum holds; what was not read is listed, and counted nowhere. */
export function assemblePlan(
  parts: PlanParts,
  facts: {
    readonly startedAtMs: number;
    readonly finishedAtMs: number;
    readonly ranBy: Plan['ranBy'];
    readonly estimate: Plan['estimate'];
    readonly warnings: readonly PlanWarning[];
  },
): Plan {
  const knowsJoined = parts.organization.inventory.state === 'read';
  const targetsOf = Map.groupBy(parts.targets, (reading) => reading.target.accountId as string);
  const accounts = parts.accounts
    .map((account) => planAccount(account, targetsOf.get(account.accountId) ?? [], knowsJoined))
    .toSorted((a, b) => a.accountId.localeCompare(b.accountId));
  const unread = unreadOf(accounts, parts.unanswered);
  const counts = addCounts(parts.targets.map((target) => target.counts));
  const read = parts.targets.some((target) => isRead(target.status));
  const complete = unread.length === 0 && parts.organization.error === null;
  const nothingThere = parts.targets.length === 0 && complete;
  return {
    version: 1,
    startedAt: new Date(facts.startedAtMs).toISOString(),
    finishedAt: new Date(facts.finishedAtMs).toISOString(),
    ranBy: facts.ranBy,
    verdict: read || nothingThere ? (complete ? 'complete' : 'partial') : 'failed',
    error: parts.organization.error,
    inventory: parts.organization.inventory,
    cleanUp: parts.organization.cleanUp,
    totals: {
      accounts: accounts.length,
      targets: parts.targets.length,
      counts: known(counts, knowsJoined),
      ineligibleByCause: addCauses(parts.targets.map((target) => target.ineligibleByCause)),
      ssm: addReady(parts.targets),
      hostManagement: {
        on: addUnmanaged(parts.targets, 'on'),
        off: addUnmanaged(parts.targets, 'off'),
        unknown: addUnmanaged(parts.targets, 'unknown'),
      },
    },
    units: planUnits(accounts, knowsJoined),
    accounts,
    unread,
    warnings: [...facts.warnings, ...ownWarnings(parts)],
    estimate: facts.estimate,
  };
}

function planAccount(
  account: AccountReading,
  readings: readonly TargetReading[],
  knowsJoined: boolean,
): PlannedAccount {
  const { accountId, name, units, state, status, cause, detail } = account;
  const targets = readings.map(
    (reading): PlannedTarget => ({
      region: reading.target.region,
      status: reading.status,
      cause: reading.cause,
      detail: reading.detail === '' ? null : reading.detail,
      counts: known(reading.counts, knowsJoined),
      ineligibleByCause: addCauses([reading.ineligibleByCause]),
      hostManagement: reading.hostManagement,
    }),
  );
  return {
    accountId,
    name,
    units,
    state,
    status,
    cause,
    detail: detail === '' ? null : detail,
    counts: known(addCounts(readings.map((reading) => reading.counts)), knowsJoined),
    ineligibleByCause: addCauses(readings.map((reading) => reading.ineligibleByCause)),
    ssm: addReady(readings),
    targets: targets.toSorted((a, b) => a.region.localeCompare(b.region)),
  };
}

function unreadOf(accounts: readonly PlannedAccount[], unanswered: readonly string[]): UnreadScope[] {
  const scopes: UnreadScope[] = [];
  const add = (
    accountId: string,
    region: string,
    scope: Omit<PlannedTarget, 'region' | 'counts' | 'ineligibleByCause' | 'hostManagement'>,
  ): void => {
    if (isRead(scope.status)) return;
    const { status, cause, detail } = scope;
    const remedy = cause === null ? null : causeFacts(cause).remedy;
    scopes.push({ accountId, region, status, cause, detail: detail ?? '', remedy });
  };
  for (const account of accounts) {
    add(account.accountId, '*', account);
    for (const target of account.targets) add(account.accountId, target.region, target);
  }
  for (const part of unanswered) {
    const [accountId = '', region = '*'] = part.replace(/^\w+:/, '').split('.');
    add(accountId, region, { status: 'pending', cause: null, detail: 'no worker answered in time' });
  }
  return scopes;
}

/** A region that is off, or an account that is out of use, has nothing to read and leaves nothing unknown. */
function isRead(status: ReadStatus): boolean {
  return status === 'complete' || status === 'regionOff' || status === 'notActive';
}

function planUnits(accounts: readonly PlannedAccount[], knowsJoined: boolean): Plan['units'] {
  const byPath = Map.groupBy(accounts, (account) => account.units.join('/'));
  return [...byPath]
    .map(([path, members]) => ({
      path,
      accounts: members.length,
      unread: members.filter(
        (one) => !isRead(one.status) || one.targets.some(({ status }) => !isRead(status)),
      ).length,
      counts: known(
        addCounts(members.map(({ counts }) => ({ ...counts, joined: counts.joined ?? 0 }))),
        knowsJoined,
      ),
    }))
    .toSorted((a, b) => a.path.localeCompare(b.path));
}

function ownWarnings({ organization, targets }: PlanParts): PlanWarning[] {
  const warnings: PlanWarning[] = [];
  if (organization.inventory.state === 'unreadable') {
    warnings.push({
      kind: 'inventory-unreadable',
      scope: 'all',
      message: `Teleport's inventory could not be read, so who has joined already is not known and counts as to be installed. Nothing is sent until it can be read: ${organization.inventory.detail}`,
    });
  }
  if (organization.inventory.state === 'none') {
    warnings.push({
      kind: 'no-inventory',
      scope: 'all',
      message:
        'No inventory is configured (muster.inventory), so hosts that have joined already count as to be installed.',
    });
  }
  for (const { target, managed, counts } of targets) {
    const nodes = Math.max(managed ?? 0, counts.install + counts.joined + counts.inProgress);
    if (nodes <= MANAGED_NODES_QUOTA) continue;
    warnings.push({
      kind: 'managed-nodes-quota',
      scope: `${target.accountId}/${target.region}`,
      message: `${nodes} managed nodes in one account and region: SSM's default quota is ${MANAGED_NODES_QUOTA} (L-DF93A10D). Ask for more before the first run.`,
    });
  }
  return warnings;
}

function addCounts(all: readonly PlanCounts[]): PlanCounts {
  const sums = { ...NO_INSTANCES };
  for (const counts of all) {
    for (const name of Object.keys(sums) as (keyof PlanCounts)[]) sums[name] += counts[name];
  }
  return sums;
}

function addCauses(all: readonly Readonly<Partial<Record<string, number>>>[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const causes of all) {
    for (const [cause, count] of Object.entries(causes)) {
      sums.set(cause, (sums.get(cause) ?? 0) + (count ?? 0));
    }
  }
  return Object.fromEntries([...sums].toSorted(([a], [b]) => a.localeCompare(b)));
}

function addReady(readings: readonly TargetReading[]): ReadyShare {
  return {
    judged: readings.reduce((sum, { judged }) => sum + judged, 0),
    ready: readings.reduce((sum, { ready }) => sum + ready, 0),
  };
}

function addUnmanaged(readings: readonly TargetReading[], state: HostManagementState): UnmanagedTargets {
  const those = readings.filter(({ hostManagement }) => hostManagement === state);
  const causes = those.flatMap(({ ineligibleByCause }) => Object.entries(ineligibleByCause));
  return { targets: those.length, ...countUnmanaged(causes) };
}

function known(counts: PlanCounts, knowsJoined: boolean): KnownCounts {
  return { ...counts, joined: knowsJoined ? counts.joined : null };
}
