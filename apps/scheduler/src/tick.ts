import { findingOfForeignNames, plainName } from '@muster/core/control/findings';
import type { MusterConfig } from '@muster/core/config/model';
import type { DueJob, QueueName } from '@muster/core/jobs/define-job';
import { DUE_KINDS, type DueKind, jobOfDue, ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { type Clock, within } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { Ledger } from '@muster/core/control/ledger';

/** A job that no worker has taken up is given again after this long: a job that was lost comes back within a minute. Real time. */
const LEASE_MS = 30_000;
/** Each job waiting in front makes the lease longer, so that a long queue is not told the same again and again. */
const LEASE_PER_WAITING_MS = 5;
const LEASE_MAX_MS = 10 * 60_000;
/** Members handed out by one script call: about 5 ms of Redis. */
const LEASE_CHUNK = 1_000;

export interface TickDeps {
  readonly config: Pick<MusterConfig, 'inventory' | 'cleanup' | 'enabled' | 'matchers'>;
  readonly ledger: Pick<Ledger, 'due' | 'coverage' | 'control'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly enqueue: (job: DueJob, payloads: readonly unknown[]) => Promise<void>;
  /** Jobs waiting in the queue. */
  readonly waiting: (queue: QueueName) => Promise<number>;
}

/**
 * One tick: hands every due or overdue member to the queue. It holds nothing in memory and decides nothing, so any
 * number of schedulers may run it at any time: a member is leased to one of them, and a job only says "now".
 *
 * @returns how many jobs were given, by kind
 */
export async function tick(deps: TickDeps): Promise<Readonly<Partial<Record<DueKind, number>>>> {
  await ensureBegun(deps);
  const given: Partial<Record<DueKind, number>> = {};
  for (const kind of DUE_KINDS) {
    const count = await handOut(kind, deps);
    if (count > 0) given[kind] = count;
  }
  // A reading of the sweep marks it as finished; the tick reads it so that this needs no viewer.
  await deps.ledger.coverage.sweep(deps.clock.now());
  return given;
}

/** A tick that is under way at the end may take this long. */
const CLOSE_MS = 5_000;

/**
 * Ticks until it is closed. Each scheduler counts its own second: nothing that one of them dates keeps another waiting. A
 * tick that fails is told once, and the next one is its retry.
 */
export function keepTicking({
  tick: tickOnce,
  everyMs,
  clock,
  log,
}: {
  readonly tick: () => Promise<unknown>;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}): { close(): Promise<void> } {
  const closing = new AbortController();
  const ticking = (async () => {
    let failing = false;
    while (!closing.signal.aborted) {
      const begunAtMs = clock.monotonicMs();
      try {
        await tickOnce();
        if (failing) log.info({}, 'tick works again');
        failing = false;
      } catch (err) {
        log[failing ? 'debug' : 'warn']({ err }, 'tick failed');
        failing = true;
      }
      const leftMs = Math.max(0, everyMs - (clock.monotonicMs() - begunAtMs));
      await clock.sleep(leftMs, closing.signal).catch(() => undefined);
    }
  })();
  return {
    close: async () => {
      closing.abort();
      await within(clock, CLOSE_MS, ticking);
    },
  };
}

/** An empty ledger (a first start, a flushed Redis) begins with the account list; everything else follows from it. */
async function ensureBegun({ config, ledger }: TickDeps): Promise<void> {
  if (!config.enabled || config.matchers.length === 0) return;
  const kinds: readonly DueKind[] = [
    'accounts',
    ...(config.inventory.kind === 'none' ? [] : (['inventory'] as const)),
    ...(config.cleanup.enabled ? (['cleanup'] as const) : []),
  ];
  for (const kind of kinds) {
    const { all } = await ledger.due.count(kind);
    if (all === 0) await ledger.due.schedule(kind, [ORGANIZATION_MEMBER]);
  }
}

async function handOut(kind: DueKind, deps: TickDeps): Promise<number> {
  const job = jobOfDue(kind);
  let given = 0;
  let leaseMs: number | null = null;
  let enqueuing: Promise<void> = Promise.resolve();
  for (;;) {
    if ((await deps.ledger.due.count(kind)).due === 0) break;
    leaseMs ??= Math.min(LEASE_MS + LEASE_PER_WAITING_MS * (await deps.waiting(job.queue)), LEASE_MAX_MS);
    const members = await deps.ledger.due.lease(kind, leaseMs, LEASE_CHUNK);
    const foreign: string[] = [];
    const payloads = members.flatMap((member) => readMember(job, member, foreign));
    if (foreign.length > 0) await dropForeign(kind, foreign, deps);
    // The next chunk is leased while this one goes into the queue. What is leased and not enqueued comes back by itself.
    await enqueuing;
    enqueuing = payloads.length > 0 ? deps.enqueue(job, payloads) : Promise.resolve();
    enqueuing.catch(() => undefined);
    given += members.length;
    if (members.length < LEASE_CHUNK) break;
  }
  await enqueuing;
  return given;
}

/** A member that nothing of Muster's wrote is left out, instead of stopping all others. */
function readMember({ due }: DueJob, member: string, foreign: string[]): readonly unknown[] {
  try {
    return [due.payloadOf(member)];
  } catch {
    foreign.push(member);
    return [];
  }
}

/** Takes such members out, once and loudly. */
async function dropForeign(
  kind: DueKind,
  foreign: readonly string[],
  { ledger, clock, log }: TickDeps,
): Promise<void> {
  log.error({ kind, members: foreign.slice(0, 10).map(plainName) }, 'due members cannot be read');
  await ledger.due.drop(kind, foreign);
  await ledger.control.raise(findingOfForeignNames(`due ${kind}`, foreign, clock.now()));
}
