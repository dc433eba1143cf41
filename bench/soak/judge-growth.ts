import { growthPerHour, middle } from '@muster/testing/growth';
import type { Measured } from '../benchmark.ts';
import type { Reading } from './readings.ts';

/** Families of keys that grow until a bound that takes longer than an hour to reach, with that bound. */
const GROW_TO_A_BOUND: Readonly<Record<string, string>> = {
  changes: '100,000 entries',
  'place-changes': '10,000 entries',
  audit: '50,000 entries',
  'history:fine': '48 hours',
  'history:coarse': 'a year',
  'TARGET:instances': 'a week after an instance is gone',
  'instance-targets': 'a week after an instance is gone',
};
/** What may be noise: a heap that was read before its garbage was collected. */
const RSS_SHARE = 0.1;
const MOST_RSS_MB = 400;
const KEYS_SHARE = 0.05;
const REDIS_SHARE = 0.05;
const MOST_DESCRIPTORS = 2;

type Demand = Measured['must'][number];

/**
 * What grew. The first half of the readings warms up: caches fill, streams reach their length; growth is that of the second half,
 * per hour.
 */
export function judgeGrowth(
  readings: readonly Reading[],
  counted: { readonly launched: number; readonly whileLive: number },
): Measured {
  const late = readings.slice(Math.floor(readings.length / 2));
  const names = [...new Set(late.flatMap(({ figures }) => Object.keys(figures)))].toSorted();
  const series = (name: string) => late.map(({ atMs, figures }) => ({ atMs, value: figures[name] ?? 0 }));
  const usual = (name: string): number => middle(series(name).map(({ value }) => value));
  const grown = (name: string): number => growthPerHour(series(name));
  const figures: Record<string, number> = { readings: readings.length, ...counted };
  const must: Demand[] = [{ of: 'whileLive', atMost: 0 }];
  const demand = (of: string, value: number, atMost: number): void => {
    figures[of] = value;
    must.push({ of, atMost });
  };

  for (const name of names.filter((one) => one.endsWith(':rssMb') || one === 'page:heapMb')) {
    demand(name, usual(name), MOST_RSS_MB);
    demand(`${name} growth`, grown(name) / usual(name), RSS_SHARE);
  }
  for (const name of names.filter((one) => one.endsWith(':descriptors') || one === 'redis:clients')) {
    figures[name] = usual(name);
    demand(`${name} growth`, grown(name), MOST_DESCRIPTORS);
  }
  figures['redis:keys'] = usual('redis:keys');
  demand('redis:keys growth', grown('redis:keys') / usual('redis:keys'), KEYS_SHARE);
  figures['redis:usedMb'] = usual('redis:usedMb');

  const families = names.filter((name) => name.startsWith('kb:'));
  const bounded = families.filter((name) => name.slice('kb:'.length) in GROW_TO_A_BOUND);
  const others = late.map(({ atMs, figures: of }) => ({
    atMs,
    value: families.filter((name) => !bounded.includes(name)).reduce((sum, name) => sum + (of[name] ?? 0), 0),
  }));
  figures['redis:otherKb'] = middle(others.map(({ value }) => value));
  demand('redis:otherKb growth', growthPerHour(others) / figures['redis:otherKb'], REDIS_SHARE);
  for (const name of bounded) figures[`redis:${name.slice('kb:'.length)} KB growth`] = grown(name);

  const bounds = Object.entries(GROW_TO_A_BOUND).map(([family, bound]) => `\`${family}\` (${bound})`);
  return {
    figures,
    baseline: {},
    ratios: {},
    must,
    readings,
    notes: [
      'Medians of the second half. Growth is per hour, by the median of the slopes of all pairs of readings: of memory and keys as a share, of descriptors as a number, of single families of keys in KB.',
      `\`redis:otherKb\` is what all keys take but those that grow by design until a bound: ${bounds.join(', ')}.`,
    ],
  };
}
