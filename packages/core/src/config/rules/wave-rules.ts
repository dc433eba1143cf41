import { type AccountId, Region } from '../../organization/ids.ts';
import { REST, type Wave, type WaveCondition } from '../../rollout/waves/wave.ts';
import type { Report } from '../source/report.ts';
import { nearest } from '../source/suggest.ts';
import { WaveShape } from '../wave-schema.ts';
import { accountIds, tagRules } from './matcher-rules.ts';
import { isUnitId } from './role-rules.ts';

/** Share of an approved wave by which it may grow. */
const USUAL_GROWTH = 0.1;
/** As `after` without its keys. */
const USUAL_CONDITION = { joined: 0.9, for: 15 * 60_000 };
/** As the wave of `after`: it waits for no other. */
const NONE = 'none';
/** Words that mean another thing than a wave, here or to `muster approve`. */
const RESERVED: ReadonlySet<string> = new Set(['change', NONE]);
const MOST_WAVES = 50;

/** What an entry may select by. */
const SELECTORS = [
  'units',
  'accounts',
  'account_tags',
  'instance_tags',
  'regions',
  'share',
] as const satisfies readonly (keyof WaveShape)[];

/**
 * Compiles `muster.rollout.waves` and closes the list with the wave of what is left. Every entry is held to its rules, whatever
 * the others came to. Empty without waves.
 *
 * @param scaled a duration in a simulation that runs faster than time
 */
export function compileWaves(
  entries: readonly unknown[],
  scaled: (ms: number) => number,
  report: Report,
): readonly Wave[] {
  if (entries.length === 0) return [];
  if (entries.length > MOST_WAVES) report.fault([], `at most ${MOST_WAVES} waves`);
  const shapes = entries.map((entry, index) => report.within([index]).read(WaveShape, entry));
  checkNames(shapes, report);
  const names = shapes.map(({ name }) => name ?? '');
  const all = names.includes(REST) ? shapes : [...shapes, WaveShape.parse({ name: REST })];
  const waves = all.map((shape, index): Wave => {
    const at = report.within([index]);
    const isRest = shape.name === REST;
    checkSelectors(shape, { isRest, isLast: index === all.length - 1 }, at);
    return {
      name: shape.name ?? '',
      units: unitsOf(shape, at),
      accounts: accountsOf(shape, at),
      regions: regionsOf(shape, at),
      accountTags: tagRules(shape.account_tags ?? {}, 'account_tags', at),
      instanceTags: tagRules(shape.instance_tags ?? {}, 'instance_tags', at),
      share: shape.share ?? 1,
      after: conditionsOf(shape, { names, index, isRest, scaled }, at),
      notBeforeMs: shape.not_before ?? null,
      approvedGrowth: shape.approve ? (shape.grow ?? USUAL_GROWTH) : null,
      inFlight: shape.in_flight ?? null,
    };
  });
  checkCycles(waves, report);
  return waves;
}

function checkNames(shapes: readonly WaveShape[], report: Report): void {
  const seen = new Set<string>();
  for (const [index, { name }] of shapes.entries()) {
    const at = report.within([index]);
    if (name === undefined) {
      if (!at.isFaulted(['name'])) at.fault([], 'a wave needs a name: write name: and a word for it');
      continue;
    }
    if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) {
      at.fault(
        ['name'],
        `a wave's name has lower-case letters, digits and -, at most 40 of them, found ${JSON.stringify(name)}`,
      );
    } else if (RESERVED.has(name)) {
      at.fault(['name'], `${name} is a word of its own: name the wave otherwise`);
    } else if (seen.has(name)) {
      at.fault(['name'], `a second wave of the name ${name}`);
    }
    seen.add(name);
  }
}

/** A wave that lost its last selector would take everything; only the last one may, under its own name. */
function checkSelectors(
  shape: WaveShape,
  { isRest, isLast }: { readonly isRest: boolean; readonly isLast: boolean },
  at: Report,
): void {
  const given = SELECTORS.filter((key) => shape[key] !== undefined || at.isFaulted([key]));
  if (isRest) {
    for (const key of given) {
      at.fault([key], `${REST} takes what no other wave selects: name the wave otherwise, or remove the key`);
    }
    if (!isLast) {
      at.fault(['name'], `${REST} takes what no other wave selects: it is the last one of the list`);
    }
  } else if (given.length === 0) {
    at.fault([], `selects every host: select by ${SELECTORS.join(', ')}, or name it ${REST}`);
  }
  for (const key of ['units', 'accounts', 'regions'] as const) {
    if (shape[key]?.length === 0) {
      at.fault([key], 'lists nothing, so the wave would hold no host: write an entry');
    }
  }
  for (const key of ['account_tags', 'instance_tags'] as const) {
    if (shape[key] !== undefined && Object.keys(shape[key]).length === 0 && !at.isFaulted([key])) {
      at.fault([key], 'names no tag, and would select everything: write a tag, or remove the line');
    }
  }
  if (shape.share === 0) at.fault(['share'], 'selects no host: write a share above 0');
  if (shape.grow !== undefined && !shape.approve) {
    at.fault(['grow'], 'has a meaning only with approve: true');
  }
}

function unitsOf({ units }: WaveShape, at: Report): Wave['units'] {
  for (const [index, id] of (units ?? []).entries()) {
    if (isUnitId(id)) continue;
    at.fault(
      ['units', index],
      `${JSON.stringify(id)} matches nothing: an id of a unit (ou-ab12-a1b2c3d4) or of the root (r-ab12) is needed`,
    );
  }
  return units ?? null;
}

function accountsOf({ accounts }: WaveShape, at: Report): readonly AccountId[] | null {
  return accountIds(accounts, 'accounts', at);
}

function regionsOf({ regions }: WaveShape, at: Report): readonly Region[] | null {
  if (regions === undefined) return null;
  return regions.flatMap((name, index) => {
    const region = Region.safeParse(name);
    if (!region.success) {
      at.fault(['regions', index], `${JSON.stringify(name)} is no region: one looks like eu-west-1`);
    }
    return region.success ? [region.data] : [];
  });
}

interface Place {
  readonly names: readonly string[];
  readonly index: number;
  readonly isRest: boolean;
  readonly scaled: (ms: number) => number;
}

function conditionsOf(shape: WaveShape, place: Place, at: Report): readonly WaveCondition[] {
  const { names, index, isRest, scaled } = place;
  const { joined, for: forMs } = shape.after ?? USUAL_CONDITION;
  const others = names.filter((name) => name !== shape.name && name !== '');
  const condition = (wave: string): WaveCondition => ({
    wave,
    joined,
    forMs: forMs === 0 ? 0 : scaled(forMs),
  });
  const named = shape.after?.wave;
  if (named === undefined) {
    if (isRest) return others.map(condition);
    const before = index === 0 ? undefined : names[index - 1];
    return before === undefined || before === '' ? [] : [condition(before)];
  }
  if (named === NONE) return [];
  if (!others.includes(named)) {
    const near = nearest(named, others);
    const hint = near === null ? `there are: ${others.join(', ')}` : `did you mean ${near}?`;
    at.fault(
      ['after', 'wave'],
      named === shape.name
        ? 'a wave cannot begin after itself'
        : `there is no wave ${JSON.stringify(named)}: ${hint}`,
    );
  }
  return [condition(named)];
}

/** Waves that wait for each other would never begin. Each of them is told. */
function checkCycles(waves: readonly Wave[], report: Report): void {
  const byName = new Map(waves.toReversed().map((wave) => [wave.name, wave]));
  for (const [index, wave] of waves.entries()) {
    if (byName.get(wave.name) !== wave) continue;
    const seen: string[] = [];
    const open = wave.after.map((condition) => condition.wave);
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (seen.includes(name)) continue;
      seen.push(name);
      open.push(...(byName.get(name)?.after ?? []).map((condition) => condition.wave));
    }
    const at = report.within([index, 'after']);
    if (seen.includes(wave.name) && !at.isFaulted([])) {
      const others = seen.filter((name) => name !== wave.name);
      at.fault([], `waits for itself, by way of ${others.join(', ')}: it would never begin`);
    }
  }
}
