/**
 * The thread that owns the read model: `node:sqlite` answers without waiting, and a list of a million instances may take a
 * tenth of a second, in which the scheduler's own thread must tick and serve. Started by read-model.ts; what it logs is
 * logged there.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createRedisLedger } from '@muster/core/control/ledger';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createClock } from '@muster/core/runtime/clock';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createAnswers } from './answer-questions.ts';
import { createFollower } from './follow-ledger.ts';
import { openModel } from './model.ts';
import type { Message, Reply, ThreadSettings } from './questions.ts';
import { settingsOfPlain } from './thread-redis.ts';

/** How soon a list that is asked for before there is data may be asked for again. */
const RETRY_AFTER_MS = 2_000;
/** After a step that failed. */
const RETRY_MS = 1_000;

const port = parentPort;
if (port === null) throw new Error('the read model runs in a thread of the scheduler');
const say = (reply: Reply): void => port.postMessage(reply);

const settings = workerData as ThreadSettings;
const log = sendingLog({});
const clock = createClock();
const model = openModel();
const answer = createAnswers(model, clock);
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
const closing = new AbortController();

port.on('message', (message: Message) => {
  if (message === 'close') {
    closing.abort();
    return;
  }
  const { id, topic } = message;
  try {
    const state = follower.state();
    const isKnown = topic === 'state' || state.asOfMs !== null;
    const value = isKnown ? answer(topic, message.with as never) : null;
    const building = { kind: 'building', retryAfterMs: RETRY_AFTER_MS } as const;
    say({ kind: 'reply', id, state, answer: isKnown ? { kind: 'answer', value } : building });
  } catch (error) {
    say({ kind: 'fault', id, error: error instanceof Error ? error : new Error(String(error)) });
  }
});

let failing = false;
while (!closing.signal.aborted) {
  let waitMs = settings.pollMs;
  try {
    if (await follower.step()) waitMs = 0;
    if (failing) log.info({}, 'the read model follows the ledger again');
    failing = false;
  } catch (err) {
    // Tables that could not be written are not to be believed: the thread ends, and the next one begins with empty ones.
    if (err instanceof Error && 'code' in err && err.code === 'ERR_SQLITE_ERROR') throw err;
    if (!closing.signal.aborted) {
      log[failing ? 'debug' : 'warn']({ err }, 'the read model could not follow the ledger');
    }
    failing = true;
    waitMs = RETRY_MS;
  }
  await clock.sleep(waitMs, closing.signal).catch(() => undefined);
}
await closeRedis(redis);
model.db.close();
port.close();

/** A log whose lines are written by the thread that has the real one. */
function sendingLog(bound: object): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void =>
      say({ kind: 'log', level, fields: { ...bound, ...fields }, message });
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => sendingLog({ ...bound, ...fields }),
  };
}
