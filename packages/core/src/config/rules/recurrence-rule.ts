import { faultOfRule, instantOf, type Recurrence, startsBetween } from '../../rollout/freeze/recurrence.ts';

const FREQUENCIES = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY'];
const WEEKDAY = 'MO|TU|WE|TH|FR|SA|SU';

/**
 * What each part of a rule may hold (RFC 5545, section 3.3.10). The library leaves out what it does not know, and a freeze
 * that begins at another hour than was meant is none.
 */
const PARTS: Readonly<Record<string, RegExp>> = {
  FREQ: new RegExp(`^(${FREQUENCIES.join('|')})$`),
  INTERVAL: /^[1-9]\d{0,2}$/,
  COUNT: /^[1-9]\d{0,4}$/,
  UNTIL: /^\d{8}(T\d{6}Z?)?$/,
  BYSECOND: listOf('[0-5]?\\d'),
  BYMINUTE: listOf('[0-5]?\\d'),
  BYHOUR: listOf('[01]?\\d|2[0-3]'),
  BYDAY: listOf(`([+-]?[1-9]\\d?)?(${WEEKDAY})`),
  BYMONTHDAY: listOf('[+-]?([1-9]|[12]\\d|3[01])'),
  BYYEARDAY: listOf('[+-]?[1-9]\\d{0,2}'),
  BYWEEKNO: listOf('[+-]?([1-9]|[1-4]\\d|5[0-3])'),
  BYMONTH: listOf('0?[1-9]|1[0-2]'),
  BYSETPOS: listOf('[+-]?[1-9]\\d{0,2}'),
  WKST: new RegExp(`^(${WEEKDAY})$`),
};

/** Parts of which one must name the day, where `from` does not. */
const DAY_PARTS: Readonly<Record<string, readonly string[]>> = {
  YEARLY: ['BYDAY', 'BYMONTHDAY', 'BYYEARDAY'],
  MONTHLY: ['BYDAY', 'BYMONTHDAY'],
  WEEKLY: ['BYDAY'],
  DAILY: [],
};

/** Long enough for the 29th of February. */
const SEARCHED_MS = [366 * 86_400_000, 9 * 366 * 86_400_000];

type Reading = { readonly recurrence: Recurrence } | { readonly problem: string };

/** Reads a rule as it is written in `rrule`. @param at what the entry says beside it */
export function readRule(text: string, at: Pick<Recurrence, 'timeZone' | 'first'>): Reading {
  const parts = new Map<string, string>();
  for (const part of text
    .trim()
    .replace(/^RRULE:/i, '')
    .toUpperCase()
    .split(';')) {
    const [name = '', value = '', ...more] = part.split('=');
    const allowed = PARTS[name];
    if (allowed === undefined || more.length > 0) {
      return {
        problem: `${JSON.stringify(part)} is no part of a rule: one looks like FREQ=WEEKLY;BYDAY=FR;BYHOUR=18`,
      };
    }
    if (parts.has(name)) return { problem: `has ${name} twice` };
    if (!allowed.test(value)) return { problem: problemOfValue(name, value) };
    parts.set(name, value);
  }
  const problem = problemOfParts(parts, at.first);
  if (problem !== null) return { problem };
  const until = parts.get('UNTIL') ?? null;
  parts.delete('UNTIL');
  const rule = [...parts].map(([name, value]) => `${name}=${value}`).join(';');
  const untilMs = until === null ? null : endOf(until, at.timeZone);
  if (untilMs !== null && Number.isNaN(untilMs)) {
    return { problem: `UNTIL=${until ?? ''} is no day of the calendar` };
  }
  const recurrence = { rule, ...at, untilMs };
  return isEverStarted(recurrence) ? { recurrence } : { problem: 'never begins: there is no such day' };
}

function listOf(value: string): RegExp {
  return new RegExp(`^(${value})(,(${value}))*$`);
}

function problemOfValue(name: string, value: string): string {
  const found = JSON.stringify(value.slice(0, 40));
  if (name !== 'FREQ') return `${name} cannot be ${found}`;
  return `FREQ must be one of ${FREQUENCIES.join(', ')}, found ${found}: a window begins at most once a day, or at the hours of BYHOUR`;
}

/** What the parts lack, or contradict, together; null for a rule. */
function problemOfParts(parts: ReadonlyMap<string, string>, first: string | null): string | null {
  const frequency = parts.get('FREQ');
  if (frequency === undefined) return 'needs FREQ, such as FREQ=DAILY';
  if (parts.has('UNTIL') && parts.has('COUNT')) return 'ends by UNTIL or by COUNT, not by both';
  if (first === null) {
    const counting = [...parts].find(
      ([name, value]) => name === 'COUNT' || (name === 'INTERVAL' && value !== '1'),
    );
    if (counting !== undefined) {
      return `${counting[0]} counts from the first window: write from, when that begins`;
    }
    if (!parts.has('BYHOUR')) {
      return 'does not say at what time the window begins: write BYHOUR (and BYMINUTE), or from';
    }
    const days = DAY_PARTS[frequency] ?? [];
    if (days.length > 0 && !days.some((name) => parts.has(name))) {
      return `does not say on which day the window begins: write ${days.join(', ')} or from`;
    }
  }
  const others = [...parts].filter(([name]) => name !== 'UNTIL').map(([name, value]) => `${name}=${value}`);
  const refused = faultOfRule(others.join(';'));
  return refused === null ? null : `is no rule of RFC 5545: ${refused}`;
}

/** The last start that `UNTIL` leaves, epoch ms: a day counts to its end. NaN for no day. */
function endOf(until: string, timeZone: string): number {
  const day = `${until.slice(0, 4)}-${until.slice(4, 6)}-${until.slice(6, 8)}`;
  const time = until.includes('T')
    ? `${until.slice(9, 11)}:${until.slice(11, 13)}:${until.slice(13, 15)}`
    : '23:59:59';
  try {
    return instantOf(`${day}T${time}`, until.endsWith('Z') ? 'UTC' : timeZone);
  } catch {
    return Number.NaN;
  }
}

/** Whatever the year, and whatever `UNTIL` leaves of it. */
function isEverStarted(recurrence: Recurrence): boolean {
  const { first, timeZone } = recurrence;
  const fromMs = first === null ? Date.UTC(2027, 0, 1) : instantOf(first, timeZone);
  return SEARCHED_MS.some(
    (ms) => startsBetween({ ...recurrence, untilMs: null }, fromMs, fromMs + ms).length > 0,
  );
}
