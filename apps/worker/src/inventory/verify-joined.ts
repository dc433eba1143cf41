import { type Applied, applyEvents } from '@muster/core/enrollment/apply-events';
import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import { onItsWay } from '@muster/core/enrollment/next-record';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { BatchId } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import { doDueWork } from '../due-work.ts';
import { applyBrake } from '../rollout/brake.ts';
import { moveRampsOn } from '../rollout/ramp-slots.ts';

type Result = { joined: number; failed: number; waiting: number };

/**
 * Looks for the installed instances of a target in the last complete snapshot of the inventory. A deadline only counts
 * against a snapshot that was begun after it: an old inventory proves nothing.
 */
export async function handleVerifyJoined(
  { target }: { readonly target: Target },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  const member = targetId(target);
  ctx.note({ target: member });
  return doDueWork(deps, 'verify', member, async () => {
    const waiting = await deps.ledger.enrollments.awaitingJoin(target);
    if (waiting.length === 0) return { nextInMs: null, result: { joined: 0, failed: 0, waiting: 0 } };
    const ids = waiting.map((one) => one.instanceId);
    const facts = await deps.ledger.nodes.facts();
    const nodes = await deps.ledger.nodes.find(target.accountId, ids);
    const overdue = new Set(
      waiting.filter((one) => facts.begunAtMs > one.deadlineMs).map((one) => one.instanceId),
    );
    const ends = ids.filter((id) => nodes.has(id) || overdue.has(id));
    await applyBrake(
      deps,
      target.accountId,
      ends.map((instanceId) => ({ instanceId, failed: !nodes.has(instanceId) })),
    );
    const written = await applyEvents(deps, target, await deps.ledger.enrollments.read(target, ids), (id) => {
      const nodeId = nodes.get(id);
      if (nodeId !== undefined) return [{ kind: 'node-seen', nodeId } satisfies EnrollmentEvent];
      return overdue.has(id) ? [{ kind: 'join-deadline-passed' } satisfies EnrollmentEvent] : [];
    });
    const joined = written.filter(({ after }) => after.state === 'joined').length;
    const failed = written.filter(({ after }) => after.state === 'failed').length;
    if (written.length > 0) {
      const way = wayOf(written);
      ctx.note(way);
      await noteInTraces(written, way.batchIds, deps);
    }
    if (written.length > 0) await moveRampsOn(deps);
    const left = waiting.length - written.length;
    if (left > 0) {
      await deps.ledger.due.schedule('inventory', [ORGANIZATION_MEMBER], deps.timings.retryMs);
    }
    return {
      nextInMs: left > 0 ? 2 * deps.timings.retryMs : null,
      result: { joined, failed, waiting: left },
    };
  });
}

/** Ids shown in one line. */
const MOST_SHOWN = 10;

/** The sweeps and batches by which hosts came here. */
function wayOf(written: readonly Applied[]): {
  readonly sweepIds: readonly string[];
  readonly batchIds: readonly BatchId[];
} {
  const before = written.flatMap((one) => one.before ?? []);
  const shown = <Id>(ids: readonly Id[]): readonly Id[] => [...new Set(ids)].slice(0, MOST_SHOWN);
  return {
    sweepIds: shown(before.flatMap((record) => onItsWay(record).sweepId ?? [])),
    batchIds: shown(before.flatMap(({ attempts }) => attempts.at(-1)?.batchId ?? [])),
  };
}

/** The last span of each batch's trace: how many of its hosts have joined. */
async function noteInTraces(
  written: readonly Applied[],
  batchIds: readonly BatchId[],
  { tracing }: Pick<HandlerDeps, 'tracing'>,
): Promise<void> {
  for (const batchId of batchIds) {
    const hosts = written.filter(({ before }) => before?.attempts.at(-1)?.batchId === batchId);
    const joined = hosts.filter(({ after }) => after.state === 'joined').length;
    const attributes = {
      'muster.batch.id': batchId,
      'muster.hosts.joined': joined,
      'muster.hosts.failed': hosts.length - joined,
    };
    await tracing.inSpan(
      () => ({ name: 'hosts-verified', place: { of: batchId }, attributes }),
      () => Promise.resolve(),
    );
  }
}

const LOOK_MS = 200;

/**
 * The last look of a run that ends by itself. A command that SSM calls undeliverable or timed out may have run all the
 * same: a host in an inventory begun after everything ended has joined, whatever its command said.
 *
 * @param patienceMs how long a fresh inventory is waited for; without one nothing changes
 * @returns how many had joined
 */
export async function confirmFailures(
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random'>,
  patienceMs: number,
): Promise<number> {
  if (deps.config.inventory.kind === 'none' || !(await readAfresh(deps, patienceMs))) return 0;
  let joined = 0;
  for (const target of await deps.ledger.enrollments.targetsWith({ state: 'failed' })) {
    const records = await deps.ledger.enrollments.readAll(target);
    const failed = new Map([...records].filter(([, { value }]) => value.state === 'failed'));
    const nodes = await deps.ledger.nodes.find(target.accountId, [...failed.keys()]);
    const eventsOf = (nodeId: string | undefined): readonly EnrollmentEvent[] =>
      nodeId === undefined ? [] : [{ kind: 'node-seen', nodeId }];
    joined += (await applyEvents(deps, target, failed, (id) => eventsOf(nodes.get(id)))).length;
  }
  return joined;
}

/** Has the inventory read, and waits for a snapshot that was begun from now on. */
async function readAfresh(
  { ledger, clock }: Pick<HandlerDeps, 'ledger' | 'clock'>,
  patienceMs: number,
): Promise<boolean> {
  const askedAtMs = clock.now();
  await ledger.due.schedule('inventory', [ORGANIZATION_MEMBER]);
  while (clock.now() < askedAtMs + patienceMs) {
    if ((await ledger.nodes.facts()).begunAtMs >= askedAtMs) return true;
    await clock.sleep(LOOK_MS);
  }
  return false;
}
