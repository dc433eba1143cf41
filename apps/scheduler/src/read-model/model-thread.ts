/**
 * The thread that owns the read model: `node:sqlite` answers without waiting, and a list of a million instances may take a
 * tenth of a second, in which the scheduler's own thread must tick and serve. Started by read-model.ts; what it logs is
 * logged there.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createRedisLedger } from '@muster/core/control/ledger';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createClock } from '@muster/core/runtime/clock';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createAnswers } from './answer-questions.ts';
import { createFollower, type Follower } from './follow-ledger.ts';
import { openModel } from './model.ts';
import type { Message, Reply, ThreadSettings } from './questions.ts';
import { settingsOfPlain } from './thread-redis.ts';

/** How soon a list that is asked for before there is data may be asked for again. */
const RETRY_AFTER_MS = 2_000;
/** After a step that failed. */
const RETRY_MS = 1_000;

type Say = (reply: Reply) => void;

/** Follows the ledger and answers until the other thread says `close`. */
async function serveModel(port: MessagePort, settings: ThreadSettings): Promise<void> {
  const say: Say = (reply) => port.postMessage(reply);
  const log = sendingLog(say, {});
  const clock = createClock();
  const model = openModel();
  const redis = createRedis({
    ...settingsOfPlain(settings.redis),
    profile: 'patient',
    name: 'muster-read-model',
    log,
  });
  const follower = createFollower({
    ledger: createRedisLedger({ redis, prefix: settings.redis.prefix, log }),
    model,
    clock,
    log,
    onChange: (change) => say({ kind: 'changed', change }),
  });
  const reply = createReplies(follower, createAnswers(model));
  const closing = new AbortController();
  port.on('message', (message: Message) => {
    if (message === 'close') closing.abort();
    else say(reply(message));
  });
  await followUntil(closing.signal, { follower, clock, log, pollMs: settings.pollMs });
  await closeRedis(redis);
  model.db.close();
  port.close();
}

function createReplies(
  follower: Follower,
  answer: ReturnType<typeof createAnswers>,
): (question: Exclude<Message, 'close'>) => Reply {
  return ({ id, topic, with: about }) => {
    try {
      const state = follower.state();
      const isKnown = topic === 'state' || state.asOfMs !== null;
      const value = isKnown ? answer(topic, about as never) : null;
      const building = { kind: 'building', retryAfterMs: RETRY_AFTER_MS } as const;
      return { kind: 'reply', id, state, answer: isKnown ? { kind: 'answer', value } : building };
    } catch (error) {
      return { kind: 'fault', id, error: error instanceof Error ? error : new Error(String(error)) };
    }
  };
}

/** Takes step after step; throws when the tables could not be written. */
async function followUntil(
  signal: AbortSignal,
  deps: { readonly follower: Follower; readonly clock: Clock; readonly log: Logger; readonly pollMs: number },
): Promise<void> {
  const { follower, clock, log, pollMs } = deps;
  let failing = false;
  while (!signal.aborted) {
    let waitMs = pollMs;
    try {
      if (await follower.step()) waitMs = 0;
      if (failing) log.info({}, 'the read model follows the ledger again');
      failing = false;
    } catch (err) {
      // Tables that could not be written are not to be believed: the thread ends, and the next one begins with empty ones.
      if (err instanceof Error && 'code' in err && err.code === 'ERR_SQLITE_ERROR') throw err;
      if (!signal.aborted) {
        log[failing ? 'debug' : 'warn']({ err }, 'the read model could not follow the ledger');
      }
      failing = true;
      waitMs = RETRY_MS;
    }
    await clock.sleep(waitMs, signal).catch(() => undefined);
  }
}

/** A log whose lines are written by the thread that has the real one. */
function sendingLog(say: Say, bound: object): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void =>
      say({ kind: 'log', level, fields: { ...bound, ...fields }, message });
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => sendingLog(say, { ...bound, ...fields }),
  };
}

// What only looks at the module, such as a tool that follows imports, starts nothing.
if (parentPort !== null) await serveModel(parentPort, workerData as ThreadSettings);
