/** The read model as the scheduler's own thread sees it: questions in the words of `@muster/api`, each answered with its age. */
import { Worker } from 'node:worker_threads';
import type { AccountsQuery, CoverageMap, TargetRow, TargetsQuery, UnitRow } from '@muster/api/accounts';
import type { InstanceFilter, InstanceRow } from '@muster/api/instances';
import type { Freshness, Page } from '@muster/api/paging';
import type { Secret } from '@muster/core/config/secret';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { Answer, ListRequest } from './answer.ts';
import type { ModelChange, ModelState } from './follow-ledger.ts';
import type { InstanceCounts } from './instance-list.ts';
import type { MapFilter } from './place-list.ts';
import type { AccountSums } from './place-rollup.ts';
import type { ListedInstance, Message, Questions, Reply, ThreadSettings, Topic } from './questions.ts';
import type { Timeline } from './transition-table.ts';

/** An answer with its age. */
export type Dated<T> = T & Freshness;

/**
 * Every list, filter, search and sum of the ledger, answered from a copy. It is never the truth: what acts reads the ledger
 * again. Before the first data every answer is `building`; while it is made anew, the old one answers and says `stale`.
 */
export interface ReadModel {
  instances(
    query: InstanceFilter & ListRequest,
  ): Promise<Answer<Page<InstanceRow> & { readonly facets: Omit<InstanceCounts, 'total'> }>>;
  /** How many instances a filter gives, and how they divide. */
  counts(filter: InstanceFilter): Promise<Answer<Dated<InstanceCounts>>>;
  /**
   * All instances that a filter gives, in the order of their ids, read piece by piece: one that begins to fit meanwhile may be among
   * them. Throws `ledger.unavailable`'s like when there is no data yet: ask `state` first.
   */
  instancesOf(filter: InstanceFilter): AsyncGenerator<ListedInstance, void, undefined>;
  /** Without what pauses say: those are asked of the ledger. */
  accounts(query: Omit<AccountsQuery, 'fields'>): Promise<Answer<Page<AccountSums>>>;
  /** Null when no account of this id is known. */
  account(id: string): Promise<Answer<AccountSums | null>>;
  units(request: ListRequest): Promise<Answer<Page<UnitRow>>>;
  targets(query: TargetsQuery): Promise<Answer<Page<TargetRow>>>;
  map(filter: MapFilter): Promise<Answer<Dated<CoverageMap>>>;
  /** What states an instance went through. */
  timeline(instanceId: string): Promise<Answer<Dated<Timeline>>>;
  state(): Promise<ModelState>;
  /** Tells what has been written to the model, from now on. @returns ends it */
  subscribe(listener: (change: ModelChange) => void): () => void;
  close(): Promise<void>;
}

/** Data that old is called stale although no rebuild is under way: Redis is away, or the follower cannot keep up. */
const STALE_AFTER_MS = 5_000;
const POLL_MS = 500;
/** After the thread has failed. */
const RESTART_MS = 1_000;
const RETRY_AFTER_MS = 2_000;
const CHUNK = 1_000;

const UNBORN: ModelState = { asOfMs: null, rebuilding: true, rebuilds: 0, rows: 0, changeId: '0-0' };

/** Starts the thread that keeps the copy. The thread is started again when it fails. */
export function startReadModel(deps: {
  readonly redis: { readonly url: Secret; readonly prefix: string };
  readonly clock: Clock;
  readonly log: Logger;
}): ReadModel {
  const { clock, log } = deps;
  const listeners = new Set<(change: ModelChange) => void>();
  const waiting = new Map<number, PromiseWithResolvers<Extract<Reply, { kind: 'reply' }> | null>>();
  let asked = 0;
  let closed = false;
  let cancelRestart = (): void => undefined;
  let thread: Worker | null = start();

  function start(): Worker {
    const settings: ThreadSettings = {
      redisUrl: deps.redis.url.reveal(),
      prefix: deps.redis.prefix,
      pollMs: POLL_MS,
    };
    const worker = new Worker(new URL('./model-thread.ts', import.meta.url), { workerData: settings });
    worker.on('message', take);
    worker.on('error', (err) => log.error({ err }, 'the thread of the read model failed'));
    worker.once('exit', () => {
      thread = null;
      for (const one of waiting.values()) one.resolve(null);
      waiting.clear();
      if (closed) return;
      cancelRestart = clock.after(RESTART_MS, () => {
        thread = start();
      });
    });
    return worker;
  }

  function take(reply: Reply): void {
    if (reply.kind === 'log') log[reply.level](reply.fields, reply.message);
    else if (reply.kind === 'changed') for (const listener of listeners) listener(reply.change);
    else {
      const asker = waiting.get(reply.id);
      waiting.delete(reply.id);
      if (reply.kind === 'reply') asker?.resolve(reply);
      else asker?.reject(reply.error);
    }
  }

  async function ask<T extends Topic>(
    topic: T,
    about: Questions[T]['with'],
  ): Promise<{ readonly answer: Answer<Questions[T]['answer']>; readonly state: ModelState }> {
    const building = { answer: { kind: 'building', retryAfterMs: RETRY_AFTER_MS }, state: UNBORN } as const;
    if (thread === null) return building;
    asked += 1;
    const reply = Promise.withResolvers<Extract<Reply, { kind: 'reply' }> | null>();
    waiting.set(asked, reply);
    thread.postMessage({ id: asked, topic, with: about } as Message);
    const came = await reply.promise;
    if (came === null) return building;
    return { answer: came.answer as Answer<Questions[T]['answer']>, state: came.state };
  }

  function freshnessOf({ asOfMs, rebuilding }: ModelState): Freshness {
    const atMs = asOfMs ?? 0;
    const ageMs = Math.max(0, clock.now() - atMs);
    return { asOf: new Date(atMs).toISOString(), ageMs, stale: rebuilding || ageMs > STALE_AFTER_MS };
  }

  async function dated<T extends Topic>(
    topic: T,
    about: Questions[T]['with'],
  ): Promise<Answer<Questions[T]['answer'] & Freshness>> {
    const { answer, state } = await ask(topic, about);
    if (answer.kind !== 'answer') return answer;
    return {
      kind: 'answer',
      value: { ...(answer.value as Questions[T]['answer'] & object), ...freshnessOf(state) },
    };
  }

  return {
    instances: (query) => dated('instances', query),
    counts: (filter) => dated('counts', filter),
    accounts: (query) => dated('accounts', query),
    units: (request) => dated('units', request),
    targets: (query) => dated('targets', query),
    map: (filter) => dated('map', filter),
    timeline: (id) => dated('timeline', id),
    account: async (id) => (await ask('account', id)).answer,
    state: async () => (await ask('state', null)).state,

    async *instancesOf(filter) {
      let afterId = '';
      for (;;) {
        const { answer } = await ask('instancesOf', { filter, afterId, limit: CHUNK });
        if (answer.kind !== 'answer') throw new Error('the read model has no data yet');
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

    async close() {
      closed = true;
      cancelRestart();
      const worker = thread;
      if (worker === null) return;
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage('close' satisfies Message);
      // Redis may say nothing for as long as it likes: the copy is worth no waiting.
      const cancel = clock.after(PARTING_MS, () => void worker.terminate());
      await ended;
      cancel();
    },
  };
}

/** How long the thread may take to end. */
const PARTING_MS = 2_000;
