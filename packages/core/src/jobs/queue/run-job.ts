/**
 * One run of one job: from BullMQ's job to our handler, and from the handler's end to BullMQ's way of saying it.
 *
 * A run can be stopped from outside for three reasons, and what becomes of the job follows from the reason, not from
 * what the handler throws then: `late` (longer than the contract allows) is a failed attempt; `lost` (the lock was not
 * renewed in time, another worker has or will have the job) leaves the job alone; `closing` gives it back to the queue.
 *
 * `DelayedError` and `WaitingError` are BullMQ's own words for "I have already moved this job": it knows them by class
 * or name, so they pass through here untouched and unwrapped.
 */
import { DelayedError, type Job, WaitingError } from 'bullmq';
import { isJobError, JobError, messageOf } from '../../runtime/errors.ts';
import type { AnyJob, Handler, QueueName } from '../define-job.ts';
import type { Clock } from '../../runtime/clock-port.ts';
import type { Logger } from '../../runtime/logger-port.ts';
import type { ActiveSpan, SpanAttributes, SpanFacts, Tracing } from '../../tracing/tracing.ts';
import { batchOfJob, isOfNewerRelease, openEnvelope, traceOfJob } from './envelope.ts';
import { classify, storedFailure } from './failure.ts';
import type { JobMetrics, RunEnd } from './job-metrics.ts';

export interface RunDeps {
  readonly queue: QueueName;
  readonly jobs: ReadonlyMap<string, AnyJob>;
  readonly handlers: Readonly<Record<string, Handler<AnyJob>>>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly redact: (text: string) => string;
  readonly metrics: JobMetrics;
  readonly tracing: Tracing;
  /** See `ProcessOptions`. */
  readonly onLeftBehind: (job: string) => void;
}

type StopReason = 'late' | 'lost' | 'closing';

/** A run under way. */
export interface Run {
  readonly jobId: string;
  /** Aborts the handler's signal. The first reason stands. */
  stop(reason: StopReason): void;
  /** Resolves with what BullMQ stores, rejects with what tells it what happened. */
  readonly ended: Promise<unknown>;
}

/** A handler that goes on this long after its signal was aborted is left behind, so that it does not hold its place. */
const LEFT_BEHIND_AFTER_MS = 10_000;

/** A job that comes back at once is delayed by at least this, or the queue would spin. */
const SHORTEST_DELAY_MS = 50;

/**
 * A job that only a newer release can do is taken up again after ¼, ½, 1 … 60 s, so that one of its processes gets it soon, and
 * no queue spins where there is none. After that many starts it is given up: after a minute what the ledger makes due again,
 * after an hour the rest.
 */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 60_000;
const STARTS_OF_NEWER = { ledger: 8, queue: 67 } as const;
/** After about a minute of them. */
const STARTS_UNTIL_TOLD = 8;

/** Starts one run. `token` is the worker's claim on the job. One that is `closing` from the start calls no handler. */
export function startRun(deps: RunDeps, job: Job, token: string, closing: boolean): Run {
  const attempt = job.attemptsMade + 1;
  const controller = new AbortController();
  let fields: object = { job: shownName(job), jobId: job.id, attempt };
  let log: Logger | null = null;
  let span: ActiveSpan | null = null;
  const run: RunState = {
    job,
    token,
    attempt,
    controller,
    stopped: null,
    onStop: null,
    get fields() {
      return fields;
    },
    note: (more) => {
      fields = { ...fields, ...more };
      log = null;
      span?.set(attributesOf(more));
    },
    follow: (started, traceparent) => {
      span = started;
      // By it the trace of a line is found.
      if (traceparent !== null) run.note({ traceId: traceparent.split('-')[1] });
    },
    get log() {
      log ??= deps.log.child(fields);
      return log;
    },
    startedAtMs: deps.clock.monotonicMs(),
  };
  const stop = (reason: StopReason): void => {
    if (run.stopped !== null) return;
    run.stopped = reason;
    controller.abort(
      new DOMException(STOP_MESSAGES[reason], reason === 'late' ? 'TimeoutError' : 'AbortError'),
    );
    run.onStop?.();
  };
  if (closing) stop('closing');
  return { jobId: job.id ?? '', stop, ended: runToEnd(deps, run, stop) };
}

/** A name of ours has 20 characters; another could have any number. */
const NAME_CHARS = 60;

/** A job that is gone from Redis has no name, whatever BullMQ's type says. */
function shownName({ name = '' }: { readonly name?: string }): string {
  return name.length <= NAME_CHARS ? name : `${name.slice(0, NAME_CHARS)}…`;
}

interface RunState {
  readonly job: Job;
  readonly token: string;
  readonly attempt: number;
  readonly controller: AbortController;
  /** What every line about this run carries. */
  readonly fields: object;
  /** Adds to them. */
  readonly note: (more: object) => void;
  /** Notes go into this span, too. */
  readonly follow: (span: ActiveSpan, traceparent: string | null) => void;
  /** With these fields bound. Made when it is first asked for: most runs log one line, their end. */
  readonly log: Logger;
  readonly startedAtMs: number;
  stopped: StopReason | null;
  /** While the handler is at work: sees to it that a run that was stopped ends. */
  onStop: (() => void) | null;
}

const STOP_MESSAGES: Readonly<Record<StopReason, string>> = {
  late: 'the job ran longer than it may',
  lost: 'another worker has this job now',
  closing: 'the worker is closing',
};

/** What the end of a run means to BullMQ: a value to store, or an error to throw. */
type Verdict =
  | { readonly end: RunEnd; readonly value: unknown }
  | { readonly end: RunEnd; readonly error: Error };

async function runToEnd(deps: RunDeps, run: RunState, stop: (reason: StopReason) => void): Promise<unknown> {
  const { job } = run;
  // Only a first start says how long a job waited: a delay is no waiting.
  const waitedMs = job.attemptsStarted <= 1 ? deps.clock.now() - job.timestamp : null;
  deps.metrics.started(deps.queue, job.name, waitedMs);
  let end: RunEnd = 'failed';
  try {
    const verdict = await deps.tracing.inSpan(
      () => spanOf(deps, run),
      async (span) => {
        run.follow(span, deps.tracing.current());
        const judged = await judge(deps, run, stop);
        span.set({ 'muster.job.end': judged.end });
        if (judged.end === 'failed') span.fail(judged.end);
        return judged;
      },
    );
    end = verdict.end;
    if ('error' in verdict) throw verdict.error;
    return verdict.value;
  } finally {
    deps.metrics.ended(deps.queue, job.name, end, deps.clock.monotonicMs() - run.startedAtMs);
  }
}

/** A job about a batch goes on in that batch's trace; what a tick or a person asked for begins one. */
function spanOf({ queue }: RunDeps, { job, attempt }: RunState): SpanFacts {
  const batchId = batchOfJob(job.data);
  return {
    name: shownName(job),
    kind: 'consumer',
    place: batchId === null ? { behind: traceOfJob(job.data) } : { of: batchId },
    attributes: {
      'messaging.system': 'bullmq',
      'messaging.destination.name': queue,
      'messaging.message.id': job.id ?? '',
      'muster.job.attempt': attempt,
    },
  };
}

/** What handlers note, by the names that spans have. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  target: 'muster.target',
  sweepId: 'muster.sweep.id',
  sweepIds: 'muster.sweep.ids',
  batchId: 'muster.batch.id',
  batchIds: 'muster.batch.ids',
};

function attributesOf(notes: object): SpanAttributes {
  return Object.fromEntries(
    Object.entries(notes).flatMap(([name, value]: [string, unknown]) => {
      const attribute = ATTRIBUTES[name];
      const isText = typeof value === 'string' || Array.isArray(value);
      return attribute !== undefined && isText ? [[attribute, value as string | readonly string[]]] : [];
    }),
  );
}

async function judge(deps: RunDeps, run: RunState, stop: (reason: StopReason) => void): Promise<Verdict> {
  try {
    return finishRun(deps, run, await callHandler(deps, run, stop));
  } catch (error) {
    return failRun(deps, run, error);
  }
}

/** Parses the payload, runs the handler within its time, and leaves it behind when it ignores its signal. */
async function callHandler(
  deps: RunDeps,
  run: RunState,
  stop: (reason: StopReason) => void,
): Promise<unknown> {
  const { job, controller } = run;
  const { signal } = controller;
  const contract = deps.jobs.get(job.name);
  const handler = deps.handlers[job.name];
  if (contract === undefined || handler === undefined) {
    throw new JobError('payload.invalid', `no job of this release is called "${shownName(job)}"`, {
      retry: 'never',
    });
  }
  const payload = openEnvelope(contract, job.data);
  signal.throwIfAborted();
  const leftBehind = Promise.withResolvers<never>();
  const watches = [
    deps.clock.after(contract.timeoutMs, () => {
      stop('late');
    }),
  ];
  run.onStop = () => {
    // A closing worker waits by its own deadline (see process-jobs.ts).
    if (run.stopped === 'closing') return;
    const leave = (): void => {
      run.log.error({ stopped: run.stopped }, 'handler ignores its signal and is left behind');
      leftBehind.reject(signal.reason);
    };
    watches.push(deps.clock.after(LEFT_BEHIND_AFTER_MS, leave));
  };
  try {
    const context = {
      signal,
      get log() {
        return run.log;
      },
      note: run.note,
      clock: deps.clock,
      attempt: run.attempt,
      jobId: job.id ?? '',
    };
    return await Promise.race([handler(payload, context), leftBehind.promise]);
  } finally {
    run.onStop = null;
    for (const unwatch of watches) unwatch();
  }
}

function finishRun(deps: RunDeps, run: RunState, answer: unknown): Verdict {
  const durationMs = deps.clock.monotonicMs() - run.startedAtMs;
  // The worker that has the job now finds in the ledger what was done.
  if (run.stopped === 'lost') return leaveAlone(run, null);
  const result = checkedResult(deps, run, answer);
  const isRoutine = result !== null && deps.jobs.get(run.job.name)?.isRoutine?.(result) === true;
  deps.log[isRoutine ? 'debug' : 'info']({ ...run.fields, durationMs, result }, 'job done');
  return { end: 'done', value: result };
}

/** What the work did is done, so a result of the wrong shape is reported and not stored, and fails nothing. */
function checkedResult(deps: RunDeps, run: RunState, result: unknown): unknown {
  const parsed = deps.jobs.get(run.job.name)?.result.safeParse(result);
  if (parsed?.success === true) return parsed.data;
  run.log.error({ err: parsed?.error }, 'job result does not fit its contract');
  return null;
}

async function failRun(deps: RunDeps, run: RunState, error: unknown): Promise<Verdict> {
  const { job, token, log } = run;
  const durationMs = deps.clock.monotonicMs() - run.startedAtMs;
  if (run.stopped === 'lost') return leaveAlone(run, null);
  if (run.stopped === 'closing') {
    log.info({ durationMs }, 'job returned to the queue');
    return move(run, 'returned', job.moveToWait(token), new WaitingError());
  }
  const leave = isJobError(error, 'payload.invalid') ? leaveToNewer(deps, run) : null;
  if (leave !== null) return leave;
  const cause = run.stopped === 'late' ? lateError(deps, run, error) : error;
  const { code, retry } = classify(cause);
  if (typeof retry === 'object') {
    log.debug({ durationMs, code, afterMs: retry.afterMs, err: cause }, 'job postponed');
    // A job that delayed itself would hold its dedupe key, and keep away the jobs that the ledger's tick gives meanwhile.
    if (isDueInLedger(deps.jobs.get(job.name))) {
      return { end: 'postponed', value: { postponed: deps.redact(`${code}: ${messageOf(cause)}`) } };
    }
    const untilMs = deps.clock.now() + Math.max(retry.afterMs, SHORTEST_DELAY_MS);
    return move(run, 'postponed', job.moveToDelayed(untilMs, token), new DelayedError());
  }
  const level = code.startsWith('bug.') || code === 'payload.invalid' ? 'error' : 'warn';
  log[level]({ durationMs, code, err: cause }, 'job failed');
  return { end: 'failed', error: storedFailure(cause, deps.redact) };
}

/** Whether the ledger hands its work out again, without this job. */
function isDueInLedger(contract: AnyJob | undefined): boolean {
  return contract !== undefined && contract.due !== null;
}

/** Puts a job back that a newer release wrote; null for any other, and for one that no such process has taken. */
function leaveToNewer(deps: RunDeps, run: RunState): Promise<Verdict> | Verdict | null {
  const { job, token, log } = run;
  const contract = deps.jobs.get(job.name);
  if (!isOfNewerRelease(contract, job.data)) return null;
  const by = isDueInLedger(contract) ? 'ledger' : 'queue';
  const starts = job.attemptsStarted;
  if (starts > STARTS_UNTIL_TOLD) deps.onLeftBehind(shownName(job));
  if (starts <= STARTS_OF_NEWER[by]) {
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (starts - 1), LONGEST_DELAY_MS);
    log[starts === 1 ? 'warn' : 'debug']({ delayMs }, 'job left to a newer release');
    return move(run, 'postponed', job.moveToDelayed(deps.clock.now() + delayMs, token), new DelayedError());
  }
  if (by === 'queue') return null;
  log.debug({}, 'job of a newer release given back to the ledger');
  return {
    end: 'postponed',
    value: { postponed: 'a newer release wrote it, and none of its processes took it' },
  };
}

/** A job that cannot be moved was taken from us, or lost with a flush of Redis: it is no failure of the job. */
async function move(run: RunState, end: RunEnd, moving: Promise<unknown>, error: Error): Promise<Verdict> {
  try {
    await moving;
    return { end, error };
  } catch (err) {
    return leaveAlone(run, err);
  }
}

/** Tells BullMQ that there is nothing to do. Whatever is still there of the job is taken over when its lock expires. */
function leaveAlone(run: RunState, err: unknown): Verdict {
  run.log.warn({ err }, 'job lost to another worker, or gone from redis');
  return { end: 'lost', error: new DelayedError() };
}

function lateError(deps: RunDeps, run: RunState, cause: unknown): JobError {
  const timeoutMs = deps.jobs.get(run.job.name)?.timeoutMs ?? 0;
  return new JobError('bug.unknown', `${run.job.name} did not end within ${timeoutMs} ms`, {
    retry: 'backoff',
    details: { timeoutMs },
    cause,
  });
}
