import type { Clock } from '@muster/core/runtime/clock-port';
import { findInstances } from './instance-counts.ts';
import { listIds, listInstances } from './instance-list.ts';
import type { Model } from './model.ts';
import { listAccounts, listTargets, listUnits, mapPlaces } from './place-list.ts';
import { type Places, readPlaces } from './place-rollup.ts';
import type { Questions, Topic } from './questions.ts';

/** Sums of places are made again at most this often: many pages ask for them, and they take tens of milliseconds. */
const PLACES_KEPT_MS = 500;

/** Answers every question from the tables; nothing here waits. */
export function createAnswers(model: Model, clock: Pick<Clock, 'monotonicMs'>) {
  let places: Places | null = null;
  let readAtMs = 0;

  function placesNow(): Places {
    if (places === null || clock.monotonicMs() - readAtMs >= PLACES_KEPT_MS) {
      places = readPlaces(model);
      readAtMs = clock.monotonicMs();
    }
    return places;
  }

  const answers: { readonly [T in Topic]: (asked: Questions[T]['with']) => Questions[T]['answer'] } = {
    state: () => null,
    instances: ({ filter, page }) => listInstances(model, filter, page),
    counts: (filter) => findInstances(model, filter).counts,
    instancesOf: ({ filter, afterId, limit }) => listIds(model, filter, afterId, limit),
    accounts: ({ filter, page }) => listAccounts(placesNow(), filter, page),
    account: (id) => placesNow().accounts.find(({ accountId }) => accountId === id) ?? null,
    units: (page) => listUnits(placesNow(), page),
    targets: ({ filter, page }) => listTargets(placesNow(), filter, page),
    map: (filter) => mapPlaces(placesNow(), filter),
    timeline: (id) => model.transitions.of(id),
  };
  return <T extends Topic>(topic: T, asked: Questions[T]['with']): Questions[T]['answer'] =>
    answers[topic](asked);
}
