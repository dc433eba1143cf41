/** What a cell of the map says: a tone, a sign (no meaning hangs on color alone) and a sentence. */
import type { CoverageMap } from '@muster/api/accounts';
import { figure, plural } from '../../format/numbers.ts';
import { labelOfCoverage, type Tone, toneOfCoverage } from '../../format/wording.ts';

export type MapAccount = CoverageMap['accounts'][number];
export type MapCell = NonNullable<MapAccount['cells'][number]>;

/** `null`: the account is not read in that region. */
export interface CellLook {
  readonly tone: Tone | 'none';
  /** One character; empty where the tone alone says "all is well" or "nothing here". */
  readonly sign: string;
}

const NOT_IN_SCOPE: CellLook = { tone: 'none', sign: '' };

/** How a cell is drawn. A target that is not read says so before it says anything of its hosts. */
export function lookOf(cell: MapCell | null): CellLook {
  if (cell === null) return NOT_IN_SCOPE;
  const [status, hosts, joined, broken] = cell;
  if (status === 'regionOff') return { tone: 'none', sign: '–' };
  if (status === 'pending') return { tone: 'off', sign: '…' };
  if (status !== 'complete') return { tone: toneOfCoverage(status), sign: status === 'denied' ? '×' : '?' };
  if (broken > 0) return { tone: 'bad', sign: '!' };
  if (hosts === 0) return { tone: 'none', sign: '·' };
  return joined < hosts ? { tone: 'busy', sign: '' } : { tone: 'good', sign: '' };
}

/** The signs of the map, for its legend. */
export const LEGEND: readonly (CellLook & { readonly means: string })[] = [
  { tone: 'good', sign: '', means: 'all joined' },
  { tone: 'busy', sign: '', means: 'some not joined yet' },
  { tone: 'bad', sign: '!', means: 'hosts failed or lost' },
  { tone: 'bad', sign: '×', means: 'denied' },
  { tone: 'warn', sign: '?', means: 'read in part, throttled or failed' },
  { tone: 'off', sign: '…', means: 'not read yet' },
  { tone: 'none', sign: '·', means: 'no hosts' },
  { tone: 'none', sign: '–', means: 'region off' },
];

/** The same as a sentence, for a screen reader and for the line below the map. */
export function describeCell(region: string, cell: MapCell | null): string {
  if (cell === null) return `${region}: not in scope`;
  const [status, hosts, joined, broken] = cell;
  if (status !== 'complete' && hosts === 0) return `${region}: ${labelOfCoverage(status)}`;
  const read = status === 'complete' ? '' : `${labelOfCoverage(status)}; as last read: `;
  const parts = hosts === 0 ? ['no hosts'] : [plural(hosts, 'host'), `${figure(joined)} joined`];
  if (broken > 0) parts.push(`${figure(broken)} failed or lost`);
  return `${region}: ${read}${parts.join(', ')}`;
}

const WEIGHT: Readonly<Record<CellLook['tone'], number>> = {
  bad: 1_000,
  warn: 100,
  busy: 10,
  off: 1,
  good: 0,
  none: 0,
};

/** How much of an account wants attention: accounts that cannot be read, then those with broken hosts, come first. */
function weightOf({ cells }: MapAccount): number {
  return cells.reduce((sum, cell) => {
    const { tone, sign } = lookOf(cell);
    return sum + WEIGHT[tone] + (sign === '×' ? WEIGHT.bad : 0) + Math.min(WEIGHT.bad, cell?.[3] ?? 0);
  }, 0);
}

/** Accounts in the order of the map, the given array untouched. */
export function sortAccounts(
  accounts: readonly MapAccount[],
  order: 'attention' | 'name',
): readonly MapAccount[] {
  const byName = (a: MapAccount, b: MapAccount): number =>
    a.name.localeCompare(b.name) || a.accountId.localeCompare(b.accountId);
  if (order === 'name') return accounts.toSorted(byName);
  const weights = new Map(accounts.map((account) => [account.accountId, weightOf(account)]));
  return accounts.toSorted(
    (a, b) => (weights.get(b.accountId) ?? 0) - (weights.get(a.accountId) ?? 0) || byName(a, b),
  );
}
