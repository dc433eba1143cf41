import { Worker } from 'node:worker_threads';
import type { RedisSettings } from '@muster/core/config/model';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { Answer } from './answer.ts';
import type { ModelChange, ModelState } from './follow-ledger.ts';
import type { Message, Questions, Reply, ThreadSettings, Topic } from './questions.ts';
import { limitsOfThread, readMemory } from './thread-memory.ts';
import { plainRedis } from './thread-redis.ts';

/** What came of one question. */
export interface Answered<T extends Topic> {
  readonly answer: Answer<Questions[T]['answer']>;
  readonly state: ModelState;
}

const POLL_MS = 500;
/** After the thread has failed. */
const RESTART_MS = 1_000;
const RETRY_AFTER_MS = 2_000;
/** How long the thread may take to end: Redis may say nothing, and the copy is worth no waiting. */
const PARTING_MS = 2_000;

const UNBORN: ModelState = { asOfMs: null, rebuilding: true, rebuilds: 0, rows: 0 };

type Came = Extract<Reply, { kind: 'reply' }> | null;

/** Starts the thread of the read model, again when it fails, and carries questions to it. */
export function linkThread(deps: {
  readonly redis: RedisSettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange: (change: ModelChange) => void;
}) {
  const { clock, log } = deps;
  const waiting = new Map<number, PromiseWithResolvers<Came>>();
  let asked = 0;
  let closed = false;
  let cancelRestart = (): void => undefined;
  let thread: Worker | null = start();

  function start(): Worker {
    const settings: ThreadSettings = { redis: plainRedis(deps.redis), pollMs: POLL_MS };
    const worker = new Worker(new URL('./model-thread.ts', import.meta.url), {
      workerData: settings,
      resourceLimits: limitsOfThread(readMemory()),
    });
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
    else if (reply.kind === 'changed') deps.onChange(reply.change);
    else {
      const asker = waiting.get(reply.id);
      waiting.delete(reply.id);
      if (reply.kind === 'reply') asker?.resolve(reply);
      else asker?.reject(reply.error);
    }
  }

  function say(worker: Worker, message: Message): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(message);
  }

  return {
    async ask<T extends Topic>(topic: T, about: Questions[T]['with']): Promise<Answered<T>> {
      const building = { answer: { kind: 'building', retryAfterMs: RETRY_AFTER_MS }, state: UNBORN } as const;
      if (thread === null) return building;
      asked += 1;
      const reply = Promise.withResolvers<Came>();
      waiting.set(asked, reply);
      // The compiler does not see that topic and question belong together.
      say(thread, { id: asked, topic, with: about } as unknown as Message);
      const came = await reply.promise;
      if (came === null) return building;
      return { answer: came.answer as Answer<Questions[T]['answer']>, state: came.state };
    },

    async close(): Promise<void> {
      closed = true;
      cancelRestart();
      const worker = thread;
      if (worker === null) return;
      const ended = Promise.withResolvers<void>();
      worker.once('exit', () => ended.resolve());
      say(worker, 'close');
      const cancel = clock.after(PARTING_MS, () => void worker.terminate());
      await ended.promise;
      cancel();
    },
  };
}
