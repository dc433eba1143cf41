import type { Release } from '../runtime/release.ts';
import { plural } from '../runtime/wording.ts';
import type { Finding } from './findings.ts';
import { heardOf, type ProcessClock } from './process-clock.ts';

/** Two releases side by side are an update under way; after so long the operator is told that it is not finished. */
const UPDATE_TAKES_MS = 10 * 60_000;
/** Of the processes of one release. */
const NAMES_SHOWN = 5;

/** Whether two processes run the same code, as far as they say: release, commit and schema. */
export function isSameRelease(
  a: Pick<Release, 'release' | 'commit' | 'schema'>,
  b: Pick<Release, 'release' | 'commit' | 'schema'>,
): boolean {
  return a.release === b.release && a.commit === b.commit && a.schema === b.schema;
}

/** What runs of one release; a release before there were schema numbers says nothing of itself. */
interface Group {
  readonly runs: Release | undefined;
  readonly processes: readonly ProcessClock[];
}

/**
 * The processes that run by release, the oldest release first: by schema, then as they name themselves.
 *
 * @param clocks what processes have last told, of those that are heard of
 */
function groupByRelease(clocks: readonly ProcessClock[]): readonly Group[] {
  const groups: { runs: Release | undefined; processes: ProcessClock[] }[] = [];
  for (const clock of clocks) {
    const { runs } = clock;
    const known = groups.find((one) =>
      one.runs === undefined || runs === undefined ? one.runs === runs : isSameRelease(one.runs, runs),
    );
    if (known === undefined) groups.push({ runs, processes: [clock] });
    else known.processes.push(clock);
  }
  return groups.toSorted(
    (a, b) =>
      (a.runs?.schema ?? 1) - (b.runs?.schema ?? 1) ||
      (a.runs?.release ?? '').localeCompare(b.runs?.release ?? '') ||
      (a.runs?.commit ?? '').localeCompare(b.runs?.commit ?? ''),
  );
}

/**
 * The finding about an update that was begun and not finished: releases that have run side by side for ten minutes. They have
 * done so since the first process of the last of them began.
 *
 * @param nowMs Redis's time
 */
export function findingsOfReleases(clocks: readonly ProcessClock[], nowMs: number): readonly Finding[] {
  const groups = groupByRelease(heardOf(clocks, nowMs));
  const [oldest] = groups;
  if (oldest === undefined || groups.length < 2) return [];
  // A release that does not say when its processes began ran before this one.
  const sinceMs = Math.max(
    ...groups.map(({ processes }) => Math.min(...processes.map(({ startedAtMs = 0 }) => startedAtMs))),
  );
  if (sinceMs === 0 || nowMs - sinceMs < UPDATE_TAKES_MS) return [];
  return [
    {
      kind: 'releases-mixed',
      scope: 'all',
      sinceMs,
      message: `${groups.length} releases run side by side: ${groups.map(describeGroup).join('; ')}. Work goes on; what only a newer one knows waits for its processes.`,
      remedy: `Finish the update, or go back (docs/upgrade.md). The oldest release runs as ${namesOf(oldest)}; muster version lists all processes. This goes away by itself.`,
    },
  ];
}

function describeGroup({ runs, processes }: Group): string {
  const workers = processes.filter(({ part }) => part === 'worker').length;
  const parts = [
    ...(processes.length > workers ? [plural(processes.length - workers, 'scheduler')] : []),
    ...(workers > 0 ? [plural(workers, 'worker')] : []),
  ];
  return `${labelOf(runs)} (${parts.join(', ')})`;
}

function labelOf(runs: Release | undefined): string {
  if (runs === undefined) return 'an older release, which does not say more';
  const commit = runs.commit === null ? '' : ` at ${runs.commit.slice(0, 8)}`;
  return `${runs.release}${commit} with schema ${runs.schema}`;
}

function namesOf({ processes }: Group): string {
  const names = processes.map(({ name, part }) => `${part} ${name}`);
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more}`;
}
