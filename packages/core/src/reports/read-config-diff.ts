import type { Ledger } from '../control/ledger.ts';
import type { StoredRecord } from '../enrollment/record.ts';
import type { Account } from '../organization/account.ts';
import type { Coverage } from '../organization/coverage.ts';
import type { AccountId, Region } from '../organization/ids.ts';
import { type Target, targetId } from '../organization/target.ts';
import { selectionOf } from '../rollout/selection/selection.ts';
import type { BystanderKind } from '../scan/bystander-store.ts';
import { coversRegion, type Matcher } from '../scan/matcher.ts';
import { matchersOfAccount } from '../scan/matcher-scope.ts';
import type { TagKnowledge } from '../scan/tag-knowledge.ts';
import {
  type AccountDiff,
  changeOfHost,
  type ConfigDiff,
  createTally,
  knowledgeOfOptedOut,
  knowledgeOfOwner,
  knowledgeOfUnmatched,
  reachesOtherAccounts,
  sumUpDiff,
} from './config-diff.ts';

type Readable = Pick<Ledger, 'coverage' | 'enrollments' | 'selection'>;

/** The matchers of both files, and which of them the workers have scanned by; null for neither. */
interface Compared {
  readonly before: readonly Matcher[];
  readonly after: readonly Matcher[];
  readonly scannedBy: readonly Matcher[] | null;
  /** While a change is held: those that do not have the hosts it has marked; null for neither. */
  readonly accepted: readonly Matcher[] | null;
}

/** Targets that are read at once. */
const AT_ONCE = 32;

/**
 * Says by the ledger which hosts one configuration selects more, less, or by another matcher than another one. It reads all
 * records once, and asks AWS nothing.
 */
export async function readConfigDiff(
  ledger: Readable,
  before: readonly Matcher[],
  after: readonly Matcher[],
): Promise<ConfigDiff> {
  const [accountIds, populated, coverages, { acceptedId, heldId }] = await Promise.all([
    ledger.coverage.accountIds(),
    ledger.enrollments.keptTargets(),
    ledger.coverage.all(),
    ledger.selection.gate(),
  ]);
  const takenUp = heldId ?? acceptedId;
  const ofId = (id: string | null): readonly Matcher[] | null =>
    [after, before].find((matchers) => selectionOf(matchers).id === id) ?? null;
  const scannedBy = ofId(takenUp);
  const compared: Compared = { before, after, scannedBy, accepted: ofId(acceptedId) };
  const known = new Map(coverages.map(({ id, coverage }) => [id, coverage]));
  const held = Map.groupBy(populated, ({ accountId }) => accountId);
  const accounts: AccountDiff[] = [];
  let isMoreRegions = false;
  for (const accountId of accountIds) {
    const found = await ledger.coverage.account(accountId);
    if (found === null) continue;
    const own = matchersOf(compared, found.account);
    isMoreRegions ||= own.after.some(isOfAllRegions) && !own.before.some(isOfAllRegions);
    const regions = new Set([
      ...(found.regions ?? []),
      ...(held.get(accountId) ?? []).map(({ region }) => region),
    ]);
    const tally = createTally(accountId);
    tally.addNotRead(countNotRead(accountId, own.after, found.regions ?? [], known));
    const targets = [...regions].map((region): Target => ({ accountId, region }));
    for (let from = 0; from < targets.length; from += AT_ONCE) {
      await Promise.all(
        targets.slice(from, from + AT_ONCE).map(async (target) => {
          await compareTarget(ledger, target, matchersIn(own, target.region), tally);
        }),
      );
    }
    accounts.push(tally.result());
  }
  return sumUpDiff(accounts, [
    ...(accountIds.length === 0 ? ['No account was listed yet: the ledger knows no host at all.'] : []),
    ...(reachesOtherAccounts(before, after)
      ? [
          'The new file covers other accounts or units: accounts that were never in scope are not in the ledger.',
        ]
      : []),
    ...(isMoreRegions
      ? ['The new file covers all regions: regions that were never in scope are not in the ledger.']
      : []),
    ...(scannedBy === null
      ? ['The workers last worked by neither of the two files: of hosts without a matcher nothing is known.']
      : []),
  ]);
}

function matchersOf({ before, after, scannedBy, accepted }: Compared, account: Account): Compared {
  // One that no organization's listing showed is the account of the workers' own credentials, or of a role.
  const caller = account.organizationId === undefined ? account.accountId : null;
  const covering = (matchers: readonly Matcher[]): readonly Matcher[] =>
    matchersOfAccount(matchers, account, caller);
  return {
    before: covering(before),
    after: covering(after),
    scannedBy: scannedBy && covering(scannedBy),
    accepted: accepted && covering(accepted),
  };
}

function matchersIn({ before, after, scannedBy, accepted }: Compared, region: Region): Compared {
  const covering = (matchers: readonly Matcher[]): readonly Matcher[] =>
    matchers.filter((matcher) => coversRegion(matcher, region));
  return {
    before: covering(before),
    after: covering(after),
    scannedBy: scannedBy && covering(scannedBy),
    accepted: accepted && covering(accepted),
  };
}

function isOfAllRegions({ regions }: Matcher): boolean {
  return regions.kind === 'all';
}

/** Targets that the new configuration covers and of which no complete reading is known. */
function countNotRead(
  accountId: AccountId,
  after: readonly Matcher[],
  regions: readonly Region[],
  known: ReadonlyMap<string, Coverage>,
): number {
  if (after.length === 0) return 0;
  if (known.has(`${accountId}.*`)) return 1;
  const listed = after.flatMap((matcher) =>
    matcher.regions.kind === 'listed' ? matcher.regions.regions : [],
  );
  const wanted = [...new Set([...regions, ...listed])].filter((region) =>
    after.some((matcher) => coversRegion(matcher, region)),
  );
  return wanted.filter((region) => {
    const status = known.get(targetId({ accountId, region }))?.status;
    return status !== 'complete' && status !== 'regionOff';
  }).length;
}

async function compareTarget(
  { enrollments }: Readable,
  target: Target,
  compared: Compared,
  tally: ReturnType<typeof createTally>,
): Promise<void> {
  const { before, after } = compared;
  if (before.length === 0 && after.length === 0) return;
  const [records, bystanders] = await Promise.all([
    enrollments.readAll(target),
    enrollments.readBystanders(target),
  ]);
  for (const [id, { value }] of records) {
    if (value.state !== 'gone') {
      tally.add(id, changeOfHost(before, after, knowledgeOfRecord(value, compared)));
    }
  }
  for (const [id, kind] of bystanders) {
    tally.add(id, changeOfHost(before, after, knowledgeOfBystander(kind, compared.scannedBy)));
  }
}

function knowledgeOfRecord(
  { state, matcherKey, addedBy }: StoredRecord,
  { before, after, scannedBy, accepted }: Compared,
): TagKnowledge {
  if (state === 'unmatched') return knowledgeOfUnmatched(scannedBy);
  const known = knowledgeOfOwner(matcherKey, [scannedBy ?? [], after, before]);
  if (accepted === null || accepted === scannedBy) return known;
  // While a change is held, the mark says whether the accepted selection had it; where several matchers may, not which.
  if (addedBy !== undefined) return { ...known, misses: [...known.misses, ...accepted] };
  return accepted.length === 1 ? { ...known, fits: [...known.fits, ...accepted] } : known;
}

function knowledgeOfBystander(kind: BystanderKind, scannedBy: readonly Matcher[] | null): TagKnowledge {
  const [only, ...more] = scannedBy ?? [];
  switch (kind) {
    case 'unmatched':
      return knowledgeOfUnmatched(scannedBy);
    case 'opted-out':
      return knowledgeOfOptedOut(scannedBy ?? []);
    case 'stopped':
    case 'starting':
      // A matcher wants it; which one is not kept.
      return { fits: only !== undefined && more.length === 0 ? [only] : [], misses: [] };
    default:
      return kind satisfies never;
  }
}
