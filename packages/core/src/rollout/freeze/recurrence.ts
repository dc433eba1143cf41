/**
 * When something recurs by a rule of RFC 5545. A rule speaks of the time that clocks show in its zone: 22:00 stays 22:00 when
 * the zone changes its offset. The libraries for rules and for time zones are known here alone (docs/decisions/0020-freeze-windows.md).
 */
import { createRequire } from 'node:module';
import type * as RuleLibrary from 'rrule-temporal';
import type * as TimeLibrary from 'temporal-polyfill';

/** Loaded when the first window asks for them: every command reads the configuration, and few of those have a window. */
const load = createRequire(import.meta.url);
const rules = () => load('rrule-temporal') as typeof RuleLibrary;
const time = () => (load('temporal-polyfill') as typeof TimeLibrary).Temporal;

export interface Recurrence {
  /** Without `UNTIL`: `FREQ=DAILY;BYHOUR=22`. */
  readonly rule: string;
  /** By the IANA: `Europe/Berlin`. */
  readonly timeZone: string;
  /** No start is earlier, and the rule counts from it: what the zone's clocks show, as `2026-01-01T22:00:00`. Null: the rule says all by itself. */
  readonly first: string | null;
  /** No start is later, epoch ms; null: it goes on. */
  readonly untilMs: number | null;
}

const DAY_MS = 86_400_000;

/**
 * Starts between two times, epoch ms, both included, in their order. A start that falls into an hour that the clocks skip is as
 * much later as they are set forward (2:30 is 3:30); of an hour that they show twice, the first counts.
 */
export function startsBetween(recurrence: Recurrence, fromMs: number, toMs: number): readonly number[] {
  const { rule, timeZone, first, untilMs } = recurrence;
  const lastMs = Math.min(toMs, untilMs ?? toMs);
  if (lastMs < fromMs) return [];
  // What clocks show is counted as if it were UTC, where no hour is skipped: the library leaves such starts out.
  const shownFromMs = shownAt(fromMs, timeZone) - DAY_MS;
  const begin = first ?? `${new Date(shownFromMs).getUTCFullYear() - 1}-01-01T00:00:00`;
  const starts = ruleFrom(rule, begin)
    .between(new Date(shownFromMs), new Date(shownAt(lastMs, timeZone) + DAY_MS), true)
    .map(({ epochMilliseconds }) =>
      instantOf(new Date(epochMilliseconds).toISOString().slice(0, 19), timeZone),
    );
  return starts.filter((atMs) => atMs >= fromMs && atMs <= lastMs).toSorted((a, b) => a - b);
}

/** Why a rule is none, in the library's words; null for one that it takes. */
export function faultOfRule(rule: string): string | null {
  try {
    ruleFrom(rule, '2026-01-01T00:00:00');
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether there is such a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** When clocks of the zone show this (`2026-01-01T22:00:00`), epoch ms. Skipped and doubled hours: see `startsBetween`. Throws a RangeError for what is no time. */
export function instantOf(shown: string, timeZone: string): number {
  return time().PlainDateTime.from(shown, { overflow: 'reject' }).toZonedDateTime(timeZone).epochMilliseconds;
}

/** What clocks of the zone show at a time (epoch ms), as `2026-01-01T22:00:00`. */
export function shownIn(atMs: number, timeZone: string): string {
  return new Date(shownAt(atMs, timeZone)).toISOString().slice(0, 19);
}

/** What clocks of the zone show, in epoch ms as if they showed UTC. */
function shownAt(atMs: number, timeZone: string): number {
  const { offsetNanoseconds } = time()
    .Instant.fromEpochMilliseconds(Math.floor(atMs))
    .toZonedDateTimeISO(timeZone);
  return atMs + offsetNanoseconds / 1e6;
}

/**
 * Steps of a rule from its begin on: days for a daily one with a COUNT, of which the library passes over none. Enough for
 * centuries; after its own 10,000 the library throws, and a rule of 1995 would stop every send in 2022.
 */
const MOST_STEPS = 100_000;

function ruleFrom(rule: string, begin: string): RuleLibrary.RRuleTemporal {
  const dtstart = begin.replaceAll(/[-:]/g, '');
  return new (rules().RRuleTemporal)({
    rruleString: `DTSTART:${dtstart}Z\nRRULE:${rule}`,
    strict: true,
    maxIterations: MOST_STEPS,
  });
}
