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
  'ramp-hosts:m:ID': 'the end of the ramp',
  // As many as were read while they live: more on a machine with time.
  'nodes:ACCOUNT:ID': 'three times the freshness of the inventory: half an hour of readings',
  'node-digests:ID': 'three times the freshness of the inventory: half an hour of readings',
};
/** What may be noise: a heap that was read before its garbage was collected. */
const RSS_SHARE = 0.1;
const MOST_RSS_MB = 400;
const KEYS_SHARE = 0.05;
const REDIS_SHARE = 0.05;
/** Connections to AWS come and go. One that is left behind every minute would be 60. */
const MOST_DESCRIPTORS = 6;

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
  figures['redis:usedMb'] = usual('redis:usedMb');

  const others = names.filter((name) => name.startsWith('kb:') && !isBounded(name));
  const sums = (prefix: string) =>
    late.map(({ atMs, figures: of }) => ({
      atMs,
      value: others.reduce((sum, name) => sum + (of[name.replace(/^kb:/, prefix)] ?? 0), 0),
    }));
  const watch = (name: string, series: readonly { atMs: number; value: number }[], atMost: number): void => {
    figures[name] = middle(series.map(({ value }) => value));
    demand(`${name} growth`, growthPerHour(series) / figures[name], atMost);
  };
  watch('redis:otherKeys', sums('keys:'), KEYS_SHARE);
  watch('redis:otherKb', sums('kb:'), REDIS_SHARE);
  for (const name of names.filter(isBounded)) {
    figures[`redis:${name.slice('kb:'.length)} KB growth`] = grown(name);
  }

  const bounds = Object.entries(GROW_TO_A_BOUND).map(([family, bound]) => `\`${family}\` (${bound})`);
  return {
    figures,
    baseline: {},
    ratios: {},
    must,
    readings: readings.map(withoutFamilies),
    notes: [
      'Medians of the second half. Growth is per hour, by the median of the slopes of all pairs of readings: of memory and keys as a share, of descriptors as a number, of single families of keys in KB.',
      `\`redis:otherKeys\` and \`redis:otherKb\` are what all keys take but those that grow by design until a bound: ${bounds.join(', ')}.`,
    ],
  };
}

function isBounded(name: string): boolean {
  return name.startsWith('kb:') && name.slice('kb:'.length) in GROW_TO_A_BOUND;
}

/** Families of keys are many, and what they come to is among the figures. */
function withoutFamilies({ atMs, figures }: Reading): Reading {
  const kept = Object.entries(figures).filter(([name]) => !/^(kb|keys):/.test(name));
  return { atMs, figures: Object.fromEntries(kept) };
}
