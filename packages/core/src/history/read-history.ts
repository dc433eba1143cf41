import type { MusterConfig } from '../config/model.ts';
import type { Ledger } from '../control/ledger.ts';
import { resolutionsAt } from './resolution.ts';
import { endOfRollOut } from './roll-out-end.ts';
import { type Series, type SeriesKind, seriesOf } from './series.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** One chart. */
export interface HistoryView {
  readonly stepMs: number;
  /** The times of the points, epoch ms, the oldest first. */
  readonly atMs: readonly number[];
  readonly series: readonly Series[];
  /** When all that is on its way will have joined, epoch ms; null when that cannot be said. */
  readonly endsAtMs: number | null;
}

export interface HistoryQuestion {
  readonly kind: SeriesKind;
  /** @default a day before the end */
  readonly fromMs?: number | undefined;
  /** @default now */
  readonly toMs?: number | undefined;
}

/** Figures over time. A point is null where nothing was kept: never a false zero. */
export async function readHistory(
  ledger: Pick<Ledger, 'history' | 'control'>,
  config: Pick<MusterConfig, 'speed' | 'paused' | 'limits'>,
  { kind, fromMs, toMs }: HistoryQuestion,
  nowMs: number,
): Promise<HistoryView> {
  const resolutions = resolutionsAt(config.speed);
  const endMs = toMs ?? nowMs;
  const span = { fromMs: fromMs ?? endMs - DAY_MS / config.speed, toMs: endMs };
  // As many buckets back as an hour has, also in a simulation that runs faster than time.
  const hourMs = 12 * resolutions.fine.widthMs;
  const [{ stepMs, atMs, buckets }, now, before, pauses, hold] = await Promise.all([
    ledger.history.read(span, resolutions, nowMs),
    ledger.history.at(nowMs, resolutions),
    ledger.history.at(nowMs - hourMs, resolutions),
    ledger.control.pauses(),
    ledger.control.hold(config.limits.holdFirstSend),
  ]);
  const isHeld = config.paused || hold === 'held' || pauses.length > 0;
  return {
    stepMs,
    atMs,
    series: seriesOf(kind, buckets),
    endsAtMs: endOfRollOut({ now, before, hourMs, isHeld, nowMs }),
  };
}

/** What hosts of each cause there were an hour and a day ago; null where history does not reach back so far. */
export async function readCauseTrend(
  { history }: Pick<Ledger, 'history'>,
  speed: number,
  nowMs: number,
): Promise<(cause: string) => { readonly hourAgo: number | null; readonly dayAgo: number | null }> {
  const resolutions = resolutionsAt(speed);
  const { widthMs } = resolutions.fine;
  const [hour, day] = await Promise.all(
    [12, 24 * 12].map((bucketsAgo) => history.at(nowMs - bucketsAgo * widthMs, resolutions)),
  );
  const countOf = (bucket: typeof hour, cause: string): number | null =>
    bucket === undefined || bucket === null ? null : (bucket.byCause[cause] ?? 0);
  return (cause) => ({ hourAgo: countOf(hour, cause), dayAgo: countOf(day, cause) });
}
