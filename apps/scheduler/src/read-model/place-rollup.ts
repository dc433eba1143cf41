/** Accounts and targets with the sums of their instances, made anew when something has changed. */
import type { AccountRow, TargetRow } from '@muster/api/accounts';
import { accountStatus, worstFirst } from '@muster/core/organization/account-status';
import type { Coverage } from '@muster/core/organization/coverage';
import type { KnownPlaces } from './places.ts';
import type { Tallies } from './tallies.ts';

/** Sums of instances, as rows of accounts, targets and units show them. */
interface HostSums {
  hosts: number;
  joined: number;
  lost: number;
  failed: number;
  ineligible: number;
  underWay: number;
}

export type AccountSums = Omit<AccountRow, 'paused'>;

/** A target with its times as epoch ms: they become text on the page that shows them. */
export interface TargetSums extends Omit<TargetRow, 'lastReadAt' | 'lastCompleteAt'> {
  readonly lastReadAt: number | null;
  readonly lastCompleteAt: number | null;
}

/** The region of the row that stands for an account that cannot be entered. */
export const WHOLE_ACCOUNT_REGION = '*';

/** All places. */
export interface Places {
  readonly accounts: readonly AccountSums[];
  /** With one under `*` for each account that cannot be entered. Together they have the hosts of all accounts. */
  readonly targets: readonly TargetSums[];
  /** The hosts of rows under `*`, by the id of the target where their records are. */
  readonly withinWhole: ReadonlyMap<string, HostSums>;
}

/** What stands for a target that holds records and is not read any more. */
const OUT_OF_SCOPE: Coverage = {
  status: 'pending',
  attemptedAtMs: null,
  completeAtMs: null,
  cause: null,
  detail: 'not in scope',
  failures: 0,
};

const NOT_HOSTS: ReadonlySet<string> = new Set(['stopped', 'unmatched', 'gone']);
const UNDER_WAY: ReadonlySet<string> = new Set(['queued', 'sending', 'installing', 'installed']);

/** Adds up all places: some ten milliseconds for 17,000 targets. */
export function readPlaces({ places, tallies }: { places: KnownPlaces; tallies: Tallies }): Places {
  const accounts = new Map<string, Draft>();
  const draftOf = (id: string): Draft => {
    const known = accounts.get(id);
    if (known !== undefined) return known;
    const draft = newDraft(id);
    accounts.set(id, draft);
    return draft;
  };
  for (const { accountId, name, ancestorIds } of places.accounts()) {
    Object.assign(draftOf(accountId), { name, unitPath: ancestorIds });
  }
  const targets = new Map<string, TargetSums>();
  for (const [id, coverage] of places.coverages()) {
    const dot = id.indexOf('.');
    const draft = draftOf(id.slice(0, dot));
    const target = targetRow(draft, id.slice(dot + 1), coverage);
    targets.set(id, target);
    takeTarget(draft, target);
  }
  const withinWhole = new Map<string, HostSums>();
  /** Records of an account that cannot be entered, or of a region out of scope, stay; their target's coverage does not. */
  const rowsOf = (id: string, draft: Draft): readonly HostSums[] => {
    const [target, whole] = [targets.get(id), targets.get(`${draft.accountId}.${WHOLE_ACCOUNT_REGION}`)];
    if (target !== undefined) return [target];
    if (whole !== undefined) {
      const sums = noHosts();
      withinWhole.set(id, sums);
      return [sums, whole];
    }
    const row = targetRow(draft, id.slice(id.indexOf('.') + 1), OUT_OF_SCOPE);
    targets.set(id, row);
    return [row];
  };
  const { words } = tallies;
  const [hostsOf, states, causes] = [tallies.hosts(), tallies.column('state'), tallies.column('cause')];
  const isHost = words.state.table((state) => !NOT_HOSTS.has(state));
  for (const [id, ofTarget] of tallies.byTarget()) {
    const draft = draftOf(id.slice(0, id.indexOf('.')));
    const rows = ofTarget.some((n) => isHost[states[n] ?? 0] === 1) ? rowsOf(id, draft) : [];
    for (const n of ofTarget) {
      const state = words.state.wordOf(states[n] ?? 0);
      const cause = words.cause.wordOf(causes[n] ?? 0);
      const hosts = hostsOf[n] ?? 0;
      addHosts(draft, state, hosts);
      draft.byState[state] = (draft.byState[state] ?? 0) + hosts;
      if (cause !== '') draft.byCause[cause] = (draft.byCause[cause] ?? 0) + hosts;
      for (const row of rows) addHosts(row, state, hosts);
    }
  }
  return { accounts: [...accounts.values()].map(accountOf), targets: [...targets.values()], withinWhole };
}

function targetRow({ accountId, name }: Draft, region: string, coverage: Coverage): TargetSums {
  const { status, cause, detail, attemptedAtMs, completeAtMs } = coverage;
  const times = { lastReadAt: attemptedAtMs, lastCompleteAt: completeAtMs };
  return { accountId, accountName: name, region, status, cause, detail, ...times, ...noHosts() };
}

function noHosts(): HostSums {
  return { hosts: 0, joined: 0, lost: 0, failed: 0, ineligible: 0, underWay: 0 };
}

interface Draft extends HostSums {
  readonly accountId: string;
  name: string;
  unitPath: readonly string[];
  worst: TargetSums | null;
  regions: number;
  /** Null: a target was never read completely; absent: nothing is to be read. */
  oldestComplete: number | null | undefined;
  readonly byState: Record<string, number>;
  readonly byCause: Record<string, number>;
}

function newDraft(accountId: string): Draft {
  return {
    accountId,
    name: '',
    unitPath: [],
    worst: null,
    regions: 0,
    oldestComplete: undefined,
    byState: {},
    byCause: {},
    ...noHosts(),
  };
}

function takeTarget(draft: Draft, target: TargetSums): void {
  if (target.region !== WHOLE_ACCOUNT_REGION) draft.regions += 1;
  if (draft.worst === null || worstFirst(target, draft.worst) < 0) draft.worst = target;
  if (target.status === 'regionOff') return;
  const { oldestComplete } = draft;
  if (oldestComplete === undefined) draft.oldestComplete = target.lastCompleteAt;
  else if (
    oldestComplete !== null &&
    (target.lastCompleteAt === null || target.lastCompleteAt < oldestComplete)
  ) {
    draft.oldestComplete = target.lastCompleteAt;
  }
}

function addHosts(sums: HostSums, state: string, hosts: number): void {
  if (!NOT_HOSTS.has(state)) sums.hosts += hosts;
  if (UNDER_WAY.has(state)) sums.underWay += hosts;
  if (state === 'joined' || state === 'lost' || state === 'failed' || state === 'ineligible') {
    sums[state] += hosts;
  }
}

function accountOf({ worst, oldestComplete, ...draft }: Draft): AccountSums {
  const isWhole = worst?.region === WHOLE_ACCOUNT_REGION;
  return {
    ...draft,
    unitPath: [...draft.unitPath],
    status: accountStatus(
      worst === null ? null : { status: worst.status, region: isWhole ? null : worst.region },
    ),
    cause: worst?.cause ?? null,
    detail: worst?.detail ?? '',
    lastCompleteAt: timeOf(oldestComplete ?? null),
  };
}

/** As answers have times. */
export function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
