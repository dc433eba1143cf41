import { Region } from '../../organization/ids.ts';
import { FROZEN_WORK, type FreezeWindow } from '../../rollout/freeze/freeze.ts';
import { instantOf, isTimeZone, shownIn } from '../../rollout/freeze/recurrence.ts';
import { FreezeShape } from '../freeze-schema.ts';
import type { Report } from '../source/report.ts';
import { accountIds } from './matcher-rules.ts';
import { readRule } from './recurrence-rule.ts';
import { isUnitId } from './role-rules.ts';

const MOST_WINDOWS = 100;
const DEFAULT_ZONE = 'UTC';

/** A day, with a time of it, with an offset: as `from` and `to` are written. */
const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?)?$/;

/** Compiles `muster.freeze`. Every entry is held to its rules, whatever the others came to. */
export function compileFreeze(entries: readonly unknown[], report: Report): readonly FreezeWindow[] {
  if (entries.length > MOST_WINDOWS) report.fault([], `at most ${MOST_WINDOWS} freeze windows`);
  const names = new Set<string>();
  return entries.flatMap((entry, index) => {
    const at = report.within([index]);
    const shape = at.read(FreezeShape, entry);
    // Before anything is faulted here: what is said of a whole entry is said of each of its keys.
    const isRecurring = shape.rrule !== undefined || at.isFaulted(['rrule']);
    const times = timesOf(shape, isRecurring, at);
    checkName(shape, names, at);
    const selection = selectionOf(shape, at);
    const holds = holdsOf(shape, at);
    if (times === null) return [];
    return [{ name: shape.name ?? '', ...selection, holds, times }];
  });
}

function checkName({ name }: FreezeShape, names: Set<string>, at: Report): void {
  if (name === undefined) {
    if (!at.isFaulted(['name'])) at.fault([], 'a freeze window needs a name: write name: and a word for it');
    return;
  }
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) {
    at.fault(
      ['name'],
      `the name of a freeze window has lower-case letters, digits and -, at most 40 of them, found ${JSON.stringify(name)}`,
    );
  } else if (names.has(name)) {
    at.fault(['name'], `a second freeze window of the name ${name}`);
  }
  names.add(name);
}

/** An emptied list would freeze nothing, or everything. */
function selectionOf(
  { units, accounts, regions }: FreezeShape,
  at: Report,
): Pick<FreezeWindow, 'units' | 'accounts' | 'regions'> {
  for (const [key, list] of Object.entries({ units, accounts, regions })) {
    if (list?.length === 0) {
      at.fault([key], 'lists nothing: write an entry, or remove the line to freeze everywhere');
    }
  }
  for (const [index, id] of (units ?? []).entries()) {
    if (isUnitId(id)) continue;
    at.fault(
      ['units', index],
      `${JSON.stringify(id)} matches nothing: an id of a unit (ou-ab12-a1b2c3d4) or of the root (r-ab12) is needed`,
    );
  }
  return {
    units: units ?? null,
    accounts: accountIds(accounts, 'accounts', at),
    regions: regions === undefined ? null : regionsOf(regions, at),
  };
}

function regionsOf(regions: readonly string[], at: Report): readonly Region[] {
  return regions.flatMap((name, index) => {
    const region = Region.safeParse(name);
    if (!region.success) {
      at.fault(['regions', index], `${JSON.stringify(name)} is no region: one looks like eu-west-1`);
    }
    return region.success ? [region.data] : [];
  });
}

function holdsOf({ for: holds }: FreezeShape, at: Report): FreezeWindow['holds'] {
  if (holds?.length === 0) {
    at.fault(['for'], `lists nothing: write some of ${FROZEN_WORK.join(', ')}, or remove the line for all`);
  }
  return holds ?? FROZEN_WORK;
}

/** Null with a fault. */
function timesOf(shape: FreezeShape, isRecurring: boolean, at: Report): FreezeWindow['times'] | null {
  const timeZone = zoneOf(shape, at);
  const [from, to] = [momentOf(shape, 'from', timeZone, at), momentOf(shape, 'to', timeZone, at)];
  if (isRecurring) return recurringTimes(shape, from, timeZone, at);
  if (shape.duration !== undefined) {
    at.fault(['duration'], 'has a meaning only with rrule: write to, when the window ends');
  }
  const absent = (['from', 'to'] as const).filter((key) => shape[key] === undefined && !at.isFaulted([key]));
  if (absent.length === 2) {
    at.fault([], 'says no time: write from and to, or rrule and duration');
  } else if (absent.length === 1) {
    at.fault([], `a window without rrule needs from and to: ${absent[0] ?? ''} is missing`);
  }
  if (from === null || to === null) return null;
  if (to > from) return { kind: 'dated', fromMs: from, toMs: to };
  at.fault(['to'], 'must be later than from: the window would never be in force');
  return null;
}

function zoneOf({ time_zone: name = DEFAULT_ZONE }: FreezeShape, at: Report): string {
  if (isTimeZone(name)) return name;
  at.fault(
    ['time_zone'],
    `there is no time zone ${JSON.stringify(name)}: write a name of the IANA, such as Europe/Berlin`,
  );
  return DEFAULT_ZONE;
}

function recurringTimes(
  shape: FreezeShape,
  fromMs: number | null,
  timeZone: string,
  at: Report,
): FreezeWindow['times'] | null {
  if (shape.rrule !== undefined && shape.to !== undefined) {
    at.fault(
      ['to'],
      'not with rrule: how long each window lasts is its duration, and UNTIL in the rule ends them',
    );
  }
  if (shape.duration === undefined && !at.isFaulted(['duration'])) {
    at.fault([], 'a window with rrule needs a duration, such as 8h');
  }
  if (fromMs !== null && fromMs < 0) at.fault(['from'], 'must be in 1970 or later: a rule counts from it');
  if (shape.rrule === undefined || (shape.from !== undefined && fromMs === null)) return null;
  const first = fromMs === null ? null : firstShown(shape.from ?? '', fromMs, timeZone);
  const reading = readRule(shape.rrule, { timeZone, first });
  if ('problem' in reading) {
    at.fault(['rrule'], reading.problem);
    return null;
  }
  return shape.duration === undefined
    ? null
    : { kind: 'recurring', recurrence: reading.recurrence, durationMs: shape.duration };
}

/**
 * What clocks of the zone show at `from`, as it is written. Read back from the moment, one in the hour that clocks skip would be
 * an hour later, and so would every window after it.
 */
function firstShown(from: string, fromMs: number, timeZone: string): string {
  const [, day = '', time = '00:00:00', offset] = MOMENT.exec(from) ?? [];
  return offset === undefined ? `${day}T${time.padEnd(8, ':00')}` : shownIn(fromMs, timeZone);
}

/** Epoch ms of `from` or `to`; null when it is absent, or, with a fault, no time. */
function momentOf(shape: FreezeShape, key: 'from' | 'to', timeZone: string, at: Report): number | null {
  const text = shape[key];
  if (text === undefined) return null;
  const [, day, time = '00:00:00', offset] = MOMENT.exec(text) ?? [];
  if (day !== undefined) {
    try {
      const shown = `${day}T${time}`;
      const atMs = instantOf(shown, offset === undefined ? timeZone : 'UTC');
      return offset === undefined ? atMs : Date.parse(`${shown}${offset}`);
    } catch {
      // Falls through: a day that no calendar has.
    }
  }
  at.fault(
    [key],
    `must be a day such as 2026-12-20, or a time such as 2026-12-20T18:00 (in time_zone) or 2026-12-20T18:00:00+01:00, found ${JSON.stringify(text)}`,
  );
  return null;
}
