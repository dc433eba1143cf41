/** What happened to one instance, newest first: changes of its state and attempts in one list. */
import type { InstanceStory } from '@muster/api/instances';

export type Attempt = InstanceStory['attempts'][number];

/** A line of the timeline. `again`: it stayed in its state, for another cause. */
export type Moment =
  | {
      readonly kind: 'change';
      readonly at: string;
      readonly from: string | null;
      readonly to: string | null;
      readonly cause: string | null;
      /** How long it stayed there, ms; null for the last, which it may be in still. */
      readonly lastedMs: number | null;
    }
  | { readonly kind: 'attempt'; readonly at: string; readonly attempt: Attempt };

/** Joins both lists by time. At the same moment the attempt comes first: what it changed follows from it. */
export function momentsOf({
  timeline,
  attempts,
}: Pick<InstanceStory, 'timeline' | 'attempts'>): readonly Moment[] {
  const changes = timeline.map(({ at, from, to, cause }, index): Moment => {
    const next = timeline[index + 1];
    const lastedMs = next === undefined ? null : Date.parse(next.at) - Date.parse(at);
    return { kind: 'change', at, from, to, cause, lastedMs };
  });
  const ends = attempts.map((attempt): Moment => ({ kind: 'attempt', at: attempt.endedAt, attempt }));
  return [...ends, ...changes].toSorted((a, b) => a.at.localeCompare(b.at)).toReversed();
}
