import type { FindingKind } from '@muster/core/control/finding-kinds';
import { areLabelsSealed, type WaitingChange } from '@muster/core/inventory/label-store';
import { keepLabels } from '@muster/core/inventory/node-labels';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import { targetId } from '@muster/core/organization/target';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import type { HandlerDeps } from '../deps.ts';
import { doDueWork, type DueOutcome } from '../due-work.ts';
import { sealerOf } from '../organization/account-scope.ts';

type Result = { written: number; error: string | null };

/** Instances per run of tctl: about a second of its time. */
const BATCH = 100;
/** A job's turn; then the next job in the same queue has its own. Real time. */
const TURN_MS = 30_000;
/** Failed runs in a row after which the fault is not one batch's. */
const FAILURES = 3;
/** How long the resource of a vanished instance is left: its node is as good as gone. */
const GONE_MS = 60_000;

/**
 * Gives waiting labels to Teleport: batches of any targets, one run of tctl after the other, at the configured rate. A
 * batch that fails is halved, so that a label which Teleport will not take holds up no other.
 */
export async function handleWriteLabels(
  _payload: object,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  return doDueWork(deps, 'labels', ORGANIZATION_MEMBER, async () => {
    if (!deps.config.labels.enabled) return { nextInMs: null, result: { written: 0, error: null } };
    const endsAtMs = deps.clock.monotonicMs() + TURN_MS;
    let written = 0;
    let limit = BATCH;
    let failures = 0;
    while (deps.clock.monotonicMs() < endsAtMs && !ctx.signal.aborted) {
      const batch = await deps.ledger.labels.take(limit);
      if (batch.length === 0) return { nextInMs: null, result: { written, error: null } };
      try {
        await writeBatch(await checkLabels(batch, deps), ctx, deps);
        written += batch.length;
        failures = 0;
        limit = Math.min(BATCH, 2 * limit);
      } catch (error) {
        if (ctx.signal.aborted) throw error;
        failures += 1;
        limit = Math.max(1, Math.floor(batch.length / 2));
        const denied = isJobError(error, 'teleport.denied');
        if (denied || failures === FAILURES) return giveUp(error, denied, written, ctx, deps);
      }
      await deps.clock.sleep((1_000 * batch.length) / deps.config.labels.perSecond, ctx.signal);
    }
    return { nextInMs: 0, result: { written, error: null } };
  });
}

async function writeBatch(
  batch: readonly WaitingChange[],
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'teleport'>,
): Promise<void> {
  if (batch.length === 0) return;
  const now = deps.clock.now();
  const written = batch.map((waiting) => ({
    waiting,
    expiresAtMs: now + (waiting.change.gone ? GONE_MS : deps.config.labels.lifetimeMs),
  }));
  await deps.teleport.putLabels(
    written.map(({ waiting: { target, change }, expiresAtMs }) => ({
      accountId: target.accountId,
      instanceId: change.instanceId,
      labels: change.labels,
      untilMs: expiresAtMs,
    })),
    ctx.signal,
  );
  await deps.ledger.labels.noteWritten(written);
  await deps.ledger.control.clear('labels-denied', 'all');
  await deps.ledger.control.clear('labels-failed', 'all');
}

async function giveUp(
  error: unknown,
  denied: boolean,
  written: number,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'timings'>,
): Promise<DueOutcome<Result>> {
  const now = deps.clock.now();
  const message = messageOf(error);
  await deps.ledger.control.raise({
    kind: denied ? 'labels-denied' : 'labels-failed',
    scope: 'all',
    sinceMs: now,
    message: `Nodes are not labeled with their EC2 tags: ${message}`,
    remedy: denied
      ? 'Allow it to the role of the tctl identity (rules: resources: [server_info], verbs: [list, read, create, update]), or set muster.labels.enabled to false.'
      : 'Run by hand with the same identity: tctl create -f, with a server_info resource. It is tried again by itself.',
  });
  ctx.log.warn({ err: error }, 'labels not written');
  return {
    nextInMs: denied ? deps.timings.deniedMs : deps.timings.heldMs,
    result: { written, error: message },
  };
}

type Deps = Pick<HandlerDeps, 'ledger' | 'clock' | 'config' | 'installation'>;

/** Instances shown in a finding. */
const IDS_SHOWN = 10;

/**
 * What of waiting labels may be written: those that a worker sealed, and of them what a tag can have become. The rest is left
 * out and told, and the next scan makes it anew from the tags that EC2 shows.
 */
async function checkLabels(batch: readonly WaitingChange[], deps: Deps): Promise<readonly WaitingChange[]> {
  const sealer = sealerOf(deps);
  const fit: WaitingChange[] = [];
  const forged: WaitingChange[] = [];
  const told: WaitingChange[] = [];
  let dropped = 0;
  for (const waiting of batch) {
    const { target, change } = waiting;
    const { kept, dropped: lost } = keepLabels(change.labels);
    const isSealed = areLabelsSealed(sealer, target, change);
    if (isSealed) fit.push({ ...waiting, change: { ...change, labels: kept } });
    else forged.push(waiting);
    if (!isSealed || lost > 0) told.push(waiting);
    dropped += isSealed ? lost : Object.keys(change.labels).length;
  }
  if (forged.length > 0) await deps.ledger.labels.leaveOut(forged);
  if (told.length > 0) await raiseForged(told, dropped, deps);
  return fit;
}

async function raiseForged(
  told: readonly WaitingChange[],
  dropped: number,
  { ledger, clock }: Deps,
): Promise<void> {
  const shown = told
    .slice(0, IDS_SHOWN)
    .map(({ target, change }) => `${change.instanceId} in ${targetId(target)}`)
    .join(', ');
  const more = told.length > IDS_SHOWN ? ` and ${told.length - IDS_SHOWN} more` : '';
  await ledger.control.raise({
    kind: 'ledger-untrusted',
    scope: 'labels',
    sinceMs: clock.now(),
    message: `${dropped} labels that waited in Redis for ${told.length} nodes were not written: no worker wrote them there, or no tag can have become them (${shown}${more}). The next scan makes them anew from the tags that EC2 shows.`,
    remedy:
      'After an upgrade, or when the marker key was replaced, there is nothing to do. If not, another client than Muster writes to Redis: find out whose, and give it another password. This note goes away after a later listing of accounts.',
  });
}

const LOOK_MS = 200;
/** Beyond the time that the writing takes: room for one failure and the attempt after it. */
const SLACK_MS = 90_000;
/** A run of tctl takes its time, however many a second are allowed. */
const SLOWEST_PER_SECOND = 50;

/** Labels that a run leaves behind. */
interface LabelsLeft {
  /** Of how many instances. */
  readonly waiting: number;
  readonly reason: string;
}

/**
 * The other last look of a run that ends by itself: has waiting labels written, and waits twice as long as that should
 * take. What was in the way earlier is tried again; a Teleport that denies it is not waited for.
 *
 * @returns null when none is left
 */
export async function awaitLabels({
  ledger,
  config,
  clock,
}: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>): Promise<LabelsLeft | null> {
  if (!config.labels.enabled) return null;
  const begun = await ledger.labels.waiting();
  if (begun <= 0) return null;
  await ledger.control.clear('labels-denied', 'all');
  await ledger.control.clear('labels-failed', 'all');
  const startedAtMs = clock.now();
  const perSecond = Math.min(config.labels.perSecond, SLOWEST_PER_SECOND);
  const endsAtMs = startedAtMs + SLACK_MS + (2_000 * begun) / perSecond;
  await ledger.due.schedule('labels', [ORGANIZATION_MEMBER]);
  for (;;) {
    const waiting = await ledger.labels.waiting();
    if (waiting <= 0) return null;
    const findings = await ledger.control.findings();
    const told = (kind: FindingKind): string | undefined =>
      findings.find((finding) => finding.kind === kind)?.message;
    const denial = told('labels-denied');
    if (denial !== undefined) return { waiting, reason: denial };
    if (clock.now() >= endsAtMs) {
      const seconds = Math.round((endsAtMs - startedAtMs) / 1_000);
      return { waiting, reason: told('labels-failed') ?? `not all were written within ${seconds} s` };
    }
    await clock.sleep(LOOK_MS);
  }
}
