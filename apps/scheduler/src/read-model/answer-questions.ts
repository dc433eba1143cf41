import { findInstances } from './instance-counts.ts';
import { listIds, listInstances } from './instance-list.ts';
import type { Model } from './model.ts';
import { listAccounts, listTargets, listUnits, mapPlaces } from './place-list.ts';
import { createPlaceRollup } from './place-rollup.ts';
import type { Questions, Topic } from './questions.ts';

/** Answers every question from the tables; nothing here waits. */
export function createAnswers(model: Model) {
  const placesNow = createPlaceRollup(model);
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
