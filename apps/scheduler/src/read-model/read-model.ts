/** The read model as the scheduler's own thread sees it: lists in the words of `@muster/api`, each with its age. */
import type { CoverageMap, TargetRow, UnitRow } from '@muster/api/accounts';
import type { InstanceFilter, InstanceSummary } from '@muster/api/instances';
import type { Freshness, Page } from '@muster/api/paging';
import type { RedisSettings } from '@muster/core/config/model';
import type { Clock } from '@muster/core/runtime/clock-port';
import { JobError } from '@muster/core/runtime/errors';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { ListAsked } from '../api/list-request.ts';
import type { Answer, FoundPage, WantedPage } from './answer.ts';
import type { ModelChange, ModelState } from './follow-ledger.ts';
import type { InstanceCounts } from './instance-counts.ts';
import type { ListedInstance } from './instance-list.ts';
import type { AccountFilter, TargetFilter } from './place-list.ts';
import type { AccountSums } from './place-rollup.ts';
import type { Questions, Topic } from './questions.ts';
import { type Answered, linkThread } from './thread-link.ts';
import type { Timeline } from './transition-table.ts';

/** An answer with its age. */
export type Dated<T> = T & Freshness;

/** What a list needs of its request; its sort is one of `INSTANCE_SORTS`, `ACCOUNT_SORTS` … */
export type ListWanted = Pick<ListAsked, 'limit' | 'sort' | 'after' | 'cursorAfter'>;

/**
 * Every list, filter, search and sum of the ledger, answered from a copy. It is never the truth: what acts reads the ledger
 * again. Before the first data every answer is `building`; while it is made anew, the old one answers and says `stale`.
 */
export interface ReadModel {
  instances(
    filter: InstanceFilter,
    list: ListWanted,
  ): Promise<Answer<Page<InstanceSummary> & { readonly facets: Omit<InstanceCounts, 'total'> }>>;
  /** How many instances a filter gives, and how they divide. */
  counts(filter: InstanceFilter): Promise<Answer<Dated<InstanceCounts>>>;
  /**
   * All instances that a filter gives, in the order of their ids, read piece by piece: one that begins to fit meanwhile may be
   * among them. Throws `ledger.unavailable` when there is no data yet.
   */
  instancesOf(filter: InstanceFilter): AsyncGenerator<ListedInstance, void, undefined>;
  /** Without what pauses say: those are asked of the ledger. */
  accounts(filter: AccountFilter, list: ListWanted): Promise<Answer<Page<AccountSums>>>;
  /** Null when no account of this id is known. */
  account(id: string): Promise<Answer<AccountSums | null>>;
  units(list: ListWanted): Promise<Answer<Page<UnitRow>>>;
  targets(filter: TargetFilter, list: ListWanted): Promise<Answer<Page<TargetRow>>>;
  map(filter: AccountFilter): Promise<Answer<Dated<CoverageMap>>>;
  /** What states an instance went through. */
  timeline(instanceId: string): Promise<Answer<Dated<Timeline>>>;
  state(): Promise<ModelState>;
  /** Tells what has been written to the model, from now on. @returns ends it */
  subscribe(listener: (change: ModelChange) => void): () => void;
  close(): Promise<void>;
}

/** Data that old is stale although no rebuild is under way: Redis is away, or the follower cannot keep up. */
const STALE_AFTER_MS = 5_000;
const CHUNK = 5_000;

/** Starts the thread that keeps the copy. */
export function startReadModel(deps: {
  readonly redis: RedisSettings;
  readonly clock: Clock;
  readonly log: Logger;
}): ReadModel {
  const listeners = new Set<(change: ModelChange) => void>();
  const link = linkThread({
    ...deps,
    onChange: (change) => {
      for (const listener of listeners) listener(change);
    },
  });

  const ask = <T extends Topic>(topic: T, about: Questions[T]['with']): Promise<Answered<T>> =>
    link.ask(topic, about);

  function freshnessOf({ asOfMs, rebuilding }: ModelState): Freshness {
    const atMs = asOfMs ?? 0;
    const ageMs = Math.max(0, deps.clock.now() - atMs);
    return { asOf: new Date(atMs).toISOString(), ageMs, stale: rebuilding || ageMs > STALE_AFTER_MS };
  }

  async function dated<T extends object>(
    asked: Promise<{ readonly answer: Answer<T>; readonly state: ModelState }>,
  ): Promise<Answer<Dated<T>>> {
    const { answer, state } = await asked;
    if (answer.kind !== 'answer') return answer;
    return { kind: 'answer', value: { ...answer.value, ...freshnessOf(state) } };
  }

  async function paged<Row, T extends FoundPage<Row>>(
    { cursorAfter }: ListWanted,
    asked: Promise<{ readonly answer: Answer<T & FoundPage<Row>>; readonly state: ModelState }>,
  ): Promise<Answer<Page<Row> & Omit<T, 'last'>>> {
    const answer = await dated(asked);
    if (answer.kind !== 'answer') return answer;
    const { last, ...page } = answer.value;
    return { kind: 'answer', value: { ...page, next: last === null ? null : cursorAfter(last) } };
  }

  return {
    async instances(filter, list) {
      const said = await paged(list, ask('instances', { filter, page: wanted(list) }));
      if (said.kind !== 'answer') return said;
      const now = new Date(deps.clock.now()).toISOString();
      return {
        kind: 'answer',
        value: { ...said.value, items: said.value.items.map((row) => beforeIt(row, now)) },
      };
    },
    accounts: (filter, list) => paged(list, ask('accounts', { filter, page: wanted(list) })),
    units: (list) => paged(list, ask('units', wanted(list))),
    targets: (filter, list) => paged(list, ask('targets', { filter, page: wanted(list) })),
    counts: (filter) => dated(ask('counts', filter)),
    map: (filter) => dated(ask('map', filter)),
    timeline: (id) => dated(ask('timeline', id)),
    account: async (id) => (await ask('account', id)).answer,
    state: async () => (await ask('state', null)).state,

    async *instancesOf(filter) {
      let afterId = '';
      for (;;) {
        const { answer } = await ask('instancesOf', { filter, afterId, limit: CHUNK });
        if (answer.kind !== 'answer') {
          const message = 'The lists are not read yet';
          throw new JobError('ledger.unavailable', message, { retry: { afterMs: answer.retryAfterMs } });
        }
        yield* answer.value;
        const last = answer.value.at(-1);
        if (answer.value.length < CHUNK || last === undefined) return;
        afterId = last.instanceId;
      }
    },

    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    close: () => link.close(),
  };
}

/** A time that has come is no next one: the row as it is shown. @param now as rows write it, so that texts compare */
function beforeIt(row: InstanceSummary, now: string): InstanceSummary {
  const { nextAttemptAt } = row;
  return nextAttemptAt === null || nextAttemptAt > now ? row : { ...row, nextAttemptAt: null };
}

function wanted({ limit, sort, after }: ListWanted): WantedPage {
  return { limit, sort, after };
}
