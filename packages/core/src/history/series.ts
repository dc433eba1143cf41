import type { HistoryBucket } from './history-bucket.ts';

/** What a chart may show. `group`: hosts that are joined, by account group; `work`: what was done from one point to the next. */
export type SeriesKind = 'state' | 'cause' | 'group' | 'work';

/** One line of a chart, with a value per point; null where none is known, which is not zero. */
export interface Series {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** Lines of one chart; causes beyond that are rare ones. */
const MOST_SERIES = 40;

/** The lines of a chart out of its buckets, null for each that was not kept; the largest at the end of the span first. */
export function seriesOf(kind: SeriesKind, buckets: readonly (HistoryBucket | null)[]): readonly Series[] {
  if (kind === 'work') return workOf(buckets);
  const counts = buckets.map((bucket) => (bucket === null ? null : countsOf(kind, bucket)));
  const names = [...new Set(counts.flatMap((one) => Object.keys(one ?? {})))];
  const lines = names.map((name) => ({
    name,
    // Where a bucket was kept it has all counts: one that it lacks is a zero.
    values: counts.map((one) => (one === null ? null : (one[name] ?? 0))),
  }));
  return lines
    .toSorted((a, b) => lastOf(b) - lastOf(a) || a.name.localeCompare(b.name))
    .slice(0, MOST_SERIES);
}

function countsOf(
  kind: Exclude<SeriesKind, 'work'>,
  { byState, byCause, byGroup }: HistoryBucket,
): Readonly<Record<string, number>> {
  switch (kind) {
    case 'state':
      return byState;
    case 'cause':
      return byCause;
    case 'group':
      return Object.fromEntries(Object.entries(byGroup).map(([group, { joined }]) => [group, joined]));
    default:
      return kind satisfies never;
  }
}

function workOf(buckets: readonly (HistoryBucket | null)[]): readonly Series[] {
  const apis = [...new Set(buckets.flatMap((one) => Object.keys(one?.work.throttled ?? {})))].toSorted();
  const since = (name: string, sumOf: (bucket: HistoryBucket) => number): Series => ({
    name,
    values: buckets.map((bucket, index) => doneSince(buckets[index - 1] ?? null, bucket, sumOf)),
  });
  return [
    since('commandsSent', ({ work }) => work.commandsSent),
    since('joined', ({ work }) => work.joined),
    ...apis.map((api) => since(`throttled:${api}`, ({ work }) => work.throttled[api] ?? 0)),
    {
      name: 'dueLagSeconds',
      values: buckets.map((one) => (one === null ? null : Math.round(one.dueLagMs / 1_000))),
    },
  ];
}

/** What was done from one bucket to the next; null where one is missing, or Redis lost the sum between them. */
export function doneSince(
  before: HistoryBucket | null,
  bucket: HistoryBucket | null,
  sumOf: (bucket: HistoryBucket) => number,
): number | null {
  if (before === null || bucket === null) return null;
  const done = sumOf(bucket) - sumOf(before);
  return done < 0 ? null : done;
}

function lastOf({ values }: Series): number {
  return values.findLast((value) => value !== null) ?? 0;
}
