/** Lines of the overview's charts, out of what history has. */
import type { History } from '@muster/api/history';
import { plainText } from '../../format/plain-text.ts';
import type { Tone } from '../../format/wording.ts';
import type { Line } from '../../parts/chart-line.ts';
import { UNDER_WAY } from '../../format/wording.ts';

type Series = History['series'];

/** Joined, under way, failed and lost, cannot be enrolled: the states that the tiles sum up too. */
export function linesOfStates(series: Series): readonly Line[] {
  return [
    { name: 'Joined', tone: 'good', values: sum(series, ['joined']) },
    { name: 'Under way', tone: 'busy', values: sum(series, UNDER_WAY) },
    { name: 'Failed or lost', tone: 'bad', values: sum(series, ['failed', 'lost']) },
    { name: 'Need a fix', tone: 'warn', values: sum(series, ['ineligible']) },
  ];
}

/** Colors of lines that stand neither well nor badly by themselves: as many as can be told apart. */
const TONES: readonly Tone[] = ['busy', 'warn', 'bad', 'good'];

/** A line for each series: the largest at the end first, as the API has them, and the rest of many as one. */
export function linesOfLargest(series: Series): readonly Line[] {
  const rest = series.slice(TONES.length);
  const shown = TONES.flatMap((tone, index): readonly Line[] => {
    const one = series[index];
    return one === undefined ? [] : [{ name: plainText(one.name), tone, values: one.values }];
  });
  if (rest.length === 0) return shown;
  const names = rest.map(({ name }) => name);
  const name = rest.length === 1 ? plainText(names[0] ?? '') : `${rest.length} others`;
  return [...shown, { name, tone: 'off', values: sum(series, names) }];
}

/** Commands sent, hosts joined, and calls that AWS throttled. */
export function linesOfWork(series: Series): readonly Line[] {
  const throttled = series.map(({ name }) => name).filter((name) => name.startsWith('throttled:'));
  return [
    { name: 'Commands sent', tone: 'busy', values: sum(series, ['commandsSent']) },
    { name: 'Hosts joined', tone: 'good', values: sum(series, ['joined']) },
    { name: 'Throttled calls', tone: 'warn', values: sum(series, throttled) },
  ];
}

/** Whether anything was recorded: a chart of gaps alone says nothing. */
export function isRecorded(lines: readonly Line[]): boolean {
  return lines.some(({ values }) => values.some((value) => value !== null));
}

/** The chart begins where its history does: what was before is no gap. */
export function fromFirstRecord(
  at: readonly string[],
  lines: readonly Line[],
): { readonly at: readonly string[]; readonly lines: readonly Line[] } {
  const first = at.findIndex((_time, index) => lines.some(({ values }) => (values[index] ?? null) !== null));
  if (first <= 0) return { at, lines };
  return { at: at.slice(first), lines: lines.map((line) => ({ ...line, values: line.values.slice(first) })) };
}

/** A gap where any line of the history has one: nothing was recorded then. A series that is not there had nothing to count. */
function sum(series: Series, names: readonly string[]): readonly (number | null)[] {
  const length = series[0]?.values.length ?? 0;
  const chosen = series.filter(({ name }) => names.includes(name));
  return Array.from({ length }, (_, index) => {
    if (series.every(({ values }) => (values[index] ?? null) === null)) return null;
    return chosen.reduce<number>((before, { values }) => before + (values[index] ?? 0), 0);
  });
}
