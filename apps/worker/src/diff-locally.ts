import type { MusterConfig } from '@muster/core/config/model';
import type { Account } from '@muster/core/organization/account';
import type { AccountId } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import {
  type AccountDiff,
  changeOfOwner,
  type ConfigDiff,
  createTally,
  sumUpDiff,
} from '@muster/core/reports/config-diff';
import type { LedgerClock } from '@muster/core/runtime/clock-port';
import { isJobError } from '@muster/core/runtime/errors';
import type { Logger } from '@muster/core/runtime/logger-port';
import { coversRegion, type Matcher } from '@muster/core/scan/matcher';
import { groupByRole, matchersOfAccount } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from './deps.ts';
import { accountPages } from './organization/accounts-in-scope.ts';
import { resolveRegions } from './organization/list-regions.ts';
import { createLocalReaders } from './local-readers.ts';
import { listSightings, ownerAmong } from './scan/judge-target.ts';
import { callerAccountOf } from './organization/account-scope.ts';

/** Accounts that are read at once. */
const AT_ONCE = 16;

type Deps = Pick<
  HandlerDeps,
  'config' | 'organization' | 'accounts' | 'instances' | 'clock' | 'timings' | 'random' | 'installation'
>;

/** Both files; `config` of the dependencies has the matchers of both, so that one listing serves for both. */
interface Compared {
  readonly before: readonly Matcher[];
  readonly after: readonly Matcher[];
}

/**
 * Says which hosts one configuration selects otherwise than another one, by the tags that EC2 shows now: both are evaluated
 * over one listing, with this shell's credentials and without Redis. What cannot be read is counted as not read.
 */
export async function diffLocally(options: {
  readonly before: MusterConfig;
  readonly after: MusterConfig;
  readonly clock: LedgerClock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<ConfigDiff> {
  const { before, after, clock, log, signal } = options;
  const known = new Set(after.matchers.map(({ key }) => key));
  const config: MusterConfig = {
    ...after,
    matchers: [...after.matchers, ...before.matchers.filter(({ key }) => !known.has(key))],
  };
  const { aws, readers } = createLocalReaders({ config, clock, log });
  try {
    return sumUpDiff(
      await diffAccounts({ before: before.matchers, after: after.matchers }, signal, readers),
      [],
    );
  } finally {
    aws.close();
  }
}

async function diffAccounts(
  compared: Compared,
  signal: AbortSignal,
  deps: Deps,
): Promise<readonly AccountDiff[]> {
  const callerAccountId = await callerAccountOf(deps, signal);
  const accounts = new Map<AccountId, Account>();
  for await (const page of accountPages(deps, null, callerAccountId, signal)) {
    // Of several organizations, the first that shows an account says where it is.
    for (const account of page.filter(({ accountId }) => !accounts.has(accountId))) {
      accounts.set(account.accountId, account);
    }
  }
  const waiting = [...accounts.values()];
  const diffs: AccountDiff[] = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let account = waiting.shift(); account !== undefined; account = waiting.shift()) {
        diffs.push(await diffAccount(account, callerAccountId, compared, signal, deps));
      }
    }),
  );
  return diffs;
}

async function diffAccount(
  account: Account,
  callerAccountId: AccountId | null,
  { before, after }: Compared,
  signal: AbortSignal,
  deps: Deps,
): Promise<AccountDiff> {
  const { accountId } = account;
  const tally = createTally(accountId);
  const covering = (matchers: readonly Matcher[]): readonly Matcher[] =>
    matchersOfAccount(matchers, account, callerAccountId);
  const both = covering(deps.config.matchers);
  if (both.length === 0 || account.state !== 'ACTIVE') return tally.result();
  const groups = groupByRole(both, accountId, null);
  const found = await orUnread(() => resolveRegions(accountId, groups, signal, deps));
  if (found === null || found.kind === 'denied') {
    tally.addNotRead(1);
    return tally.result();
  }
  for (const region of found.regions) {
    const target: Target = { accountId, region };
    const inRegion = (matchers: readonly Matcher[]): readonly Matcher[] =>
      covering(matchers).filter((matcher) => coversRegion(matcher, region));
    const [old, next] = [inRegion(before), inRegion(after)];
    const sightings = await orUnread(() =>
      listSightings(target, groupByRole(both, accountId, region), signal, deps, null),
    );
    if (sightings === null) tally.addNotRead(1);
    for (const [id, { instance }] of sightings ?? []) {
      const owner = (matchers: readonly Matcher[]): string | null =>
        ownerAmong(matchers, instance)?.key ?? null;
      tally.add(id, changeOfOwner(owner(old), owner(next)));
    }
  }
  return tally.result();
}

/** Null where AWS says no, or does not answer after all its retries. */
async function orUnread<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (
      isJobError(error, 'aws.denied', 'aws.region-off', 'aws.throttled', 'aws.unavailable', 'aws.invalid')
    ) {
      return null;
    }
    throw error;
  }
}
