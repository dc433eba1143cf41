/**
 * Whom an operator's act touches, told before it is done. Answered from the ledger's counts and indexes: no record is read but
 * that of a single instance, and the answer about everything costs one index, however many hosts there are.
 */
import { plural } from '../runtime/wording.ts';
import type { EnrollmentState } from '../enrollment/record.ts';
import type { Held } from '../enrollment/count-store.ts';
import type { AccountId, BatchId, InstanceId } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import type { Ledger } from './ledger.ts';
import { covers, pausedBy, type Scope } from './scope.ts';

/** What an operator does to a scope. */
export type Act = 'retry' | 'cancel' | 'pause' | 'resume';

/** How far an act reaches. */
export interface Touched {
  readonly hosts: number;
  readonly accounts: number;
  /** At most five of the accounts, for people: those with the most targets, the one with the most hosts first. */
  readonly some: readonly TouchedAccount[];
}

export interface TouchedAccount {
  readonly accountId: AccountId;
  /** As AWS Organizations has it; empty where no listing has shown it. */
  readonly name: string;
  readonly hosts: number;
}

/** One live command, or the part of it that is one instance. */
export interface LiveCommand {
  readonly target: Target;
  readonly batchId: BatchId;
  /** Null: all of its instances. */
  readonly instanceId: InstanceId | null;
  readonly hosts: number;
}

type TouchedLedger = Pick<Ledger, 'enrollments' | 'coverage'>;

/** Hosts that wait to be sent to, or may be sent to once their back-off is over. */
const MAY_BE_SENT_TO = ['queued', 'lost', 'failed'] as const satisfies readonly EnrollmentState[];

/**
 * States that each act reaches: retry what failed or cannot be sent to, cancel what is under way, pause and resume what may
 * be sent to. A scope that is a cause holds the hosts with that cause, whatever their state.
 */
const REACHED: Readonly<Record<Act, readonly EnrollmentState[]>> = {
  retry: ['failed', 'ineligible', 'lost'],
  cancel: ['sending', 'installing'],
  pause: MAY_BE_SENT_TO,
  resume: MAY_BE_SENT_TO,
};

const ACCOUNTS_NAMED = 5;

/**
 * Whom the act would touch just now.
 *
 * @param stillPaused scopes of the pauses that stay after a resume: hosts of their accounts and regions are not counted
 */
export async function readTouched(
  ledger: TouchedLedger,
  act: Act,
  scope: Scope,
  stillPaused: ReadonlySet<string> = new Set(),
): Promise<Touched> {
  if (act === 'cancel') return touchedByCommands(ledger, await liveCommands(ledger, scope));
  const targets = await targetsIn(ledger, scope, REACHED[act]);
  const open = targets.filter((target) => pausedBy(stillPaused, target) === null);
  if (scope.kind === 'instance') {
    const reached = await Promise.all(open.map((target) => isReached(ledger, target, scope.value, act)));
    return withNames(
      ledger,
      open.filter((_, index) => reached[index]).map(({ accountId }) => [accountId, 1] as const),
    );
  }
  const held = heldBy(scope, REACHED[act]);
  const byAccount = Map.groupBy(open, ({ accountId }) => accountId);
  const ranked = [...byAccount.values()].toSorted((a, b) => b.length - a.length).slice(0, ACCOUNTS_NAMED);
  const named = await Promise.all(
    ranked.map(
      async (ofAccount) => [ofAccount[0]?.accountId, await countIn(ledger, ofAccount, held)] as const,
    ),
  );
  return {
    hosts: await countHosts(ledger, scope, { targets, open, held }),
    accounts: byAccount.size,
    some: await nameAccounts(
      ledger,
      named.flatMap(([id, hosts]) => (id === undefined ? [] : [[id, hosts]])),
    ),
  };
}

/** As one sentence: `This touches 412 hosts in 31 accounts: 111122223333 payments (41), … and 26 more.` */
export function describeTouched({
  hosts,
  accounts,
  some,
}: Pick<Touched, 'hosts' | 'accounts'> & {
  readonly some: readonly (Omit<TouchedAccount, 'accountId'> & { readonly accountId: string })[];
}): string {
  if (hosts === 0) return 'This touches no host.';
  const named = some.map(({ accountId, name, hosts: count }) =>
    [accountId, ...(name === '' ? [] : [name]), `(${count})`].join(' '),
  );
  const more = accounts > some.length ? ` and ${accounts - some.length} more` : '';
  const list = named.length === 0 ? '' : `: ${named.join(', ')}${more}`;
  return `This touches ${plural(hosts, 'host')} in ${plural(accounts, 'account')}${list}.`;
}

/** The live commands of a scope: a command that is partly another instance's is asked about that instance alone. */
export async function liveCommands(ledger: TouchedLedger, scope: Scope): Promise<readonly LiveCommand[]> {
  const wanted = scope.kind === 'instance' ? scope.value : null;
  const live: LiveCommand[] = [];
  for (const target of await targetsIn(ledger, scope, REACHED.cancel)) {
    for (const { value } of await ledger.enrollments.intents(target)) {
      if (wanted !== null && !value.instanceIds.includes(wanted)) continue;
      const hosts = wanted === null ? value.instanceIds.length : 1;
      live.push({ target, batchId: value.batchId, instanceId: wanted, hosts });
    }
  }
  return live;
}

/** The targets in which a scope has records in one of these states, found by the ledger's indexes. */
export async function targetsIn(
  { enrollments }: Pick<Ledger, 'enrollments'>,
  scope: Scope,
  states: readonly EnrollmentState[],
): Promise<readonly Target[]> {
  if (scope.kind === 'instance') {
    const target = await enrollments.targetOf(scope.value);
    return target === null ? [] : [target];
  }
  const targets = await enrollments.targetsWith(...heldBy(scope, states));
  return targets.filter((target) => covers(scope, target));
}

function heldBy(scope: Scope, states: readonly EnrollmentState[]): readonly Held[] {
  if (scope.kind === 'cause') return [{ cause: scope.value }];
  const accountId = scope.kind === 'account' ? { accountId: scope.value } : {};
  return states.map((state) => ({ state, ...accountId }));
}

/** Of everything, the sum over all targets is kept: only what is left out of it is counted. */
async function countHosts(
  ledger: TouchedLedger,
  scope: Scope,
  {
    targets,
    open,
    held,
  }: {
    readonly targets: readonly Target[];
    readonly open: readonly Target[];
    readonly held: readonly Held[];
  },
): Promise<number> {
  if (scope.kind !== 'all' && scope.kind !== 'cause') return countIn(ledger, open, held);
  const { states, causes } = await ledger.enrollments.counts();
  const total = held.reduce(
    (sum, one) => sum + (('state' in one ? states.get(one.state) : causes.get(one.cause)) ?? 0),
    0,
  );
  if (open.length === targets.length) return total;
  const left = new Set(open);
  return (
    total -
    (await countIn(
      ledger,
      targets.filter((target) => !left.has(target)),
      held,
    ))
  );
}

async function countIn(
  { enrollments }: TouchedLedger,
  targets: readonly Target[],
  held: readonly Held[],
): Promise<number> {
  return (await enrollments.countsIn(targets, ...held)).reduce((sum, count) => sum + count, 0);
}

async function isReached(
  { enrollments }: TouchedLedger,
  target: Target,
  id: InstanceId,
  act: Act,
): Promise<boolean> {
  const record = (await enrollments.read(target, [id])).get(id)?.value;
  return record !== undefined && REACHED[act].some((state) => state === record.state);
}

async function touchedByCommands(ledger: TouchedLedger, live: readonly LiveCommand[]): Promise<Touched> {
  const byAccount = [...Map.groupBy(live, ({ target }) => target.accountId)];
  return withNames(
    ledger,
    byAccount.map(([id, commands]) => [id, commands.reduce((sum, { hosts }) => sum + hosts, 0)] as const),
  );
}

async function withNames(
  ledger: TouchedLedger,
  accounts: readonly (readonly [AccountId, number])[],
): Promise<Touched> {
  const most = accounts.toSorted(([, a], [, b]) => b - a).slice(0, ACCOUNTS_NAMED);
  return {
    hosts: accounts.reduce((sum, [, hosts]) => sum + hosts, 0),
    accounts: accounts.length,
    some: await nameAccounts(ledger, most),
  };
}

/** Accounts with their names, the most hosts first. */
export async function nameAccounts(
  { coverage }: TouchedLedger,
  accounts: readonly (readonly [AccountId, number])[],
): Promise<readonly TouchedAccount[]> {
  const named = await Promise.all(
    accounts.map(async ([accountId, hosts]) => ({
      accountId,
      name: (await coverage.account(accountId))?.account.name ?? '',
      hosts,
    })),
  );
  return named.toSorted((a, b) => b.hosts - a.hosts);
}
