import type { CauseOwner } from '../enrollment/cause.ts';
import { ON_THE_WAY } from '../enrollment/record.ts';
import { ownerOfFinding, severityOfFinding } from '../control/finding-kinds.ts';
import { type Finding, idOfFinding, type Pause, PAUSERS, severityOfPause } from '../control/findings.ts';
import { type Mute, type MuteView, viewOfMute } from '../control/mute-store.ts';
import type { Severity } from '../control/severity.ts';
import { scopeFlag } from '../control/scope.ts';
import { readWaves, type WaveView } from '../rollout/waves/wave-view.ts';
import type { Wave } from '../rollout/waves/wave.ts';
import type { RampFacts, RampState } from '../rollout/ramp/ramp-store.ts';
import { describeRamp, describeStep, isOfInterest } from '../rollout/ramp/describe-ramp.ts';
import { describeWait, type SendWait, type WaitReason } from '../rollout/send-wait.ts';
import { readFindings } from '../control/standing-findings.ts';
import type { Ledger } from '../control/ledger.ts';
import type { OutputCluster } from '../install/output-clusters.ts';
import { NO_TARGETS } from '../organization/coverage.ts';
import type { SweepView } from '../organization/sweep-store.ts';

/** `status --json`: documented in docs/status-json.md. Absent values are null; every sum holds. */
export interface OrganizationStatus {
  readonly sweep: {
    readonly id: string | null;
    readonly state: 'running' | 'finished';
    readonly verdict: 'complete' | 'partial' | 'failed' | null;
    readonly startedAt: string | null;
    readonly finishedAt: string | null;
    readonly accounts: SweepView['accounts'];
    readonly targets: SweepView['targets'];
    /** What no total speaks of: `accounts` could not be entered, `targets` of the others were not read completely. */
    readonly notRead: { readonly accounts: number; readonly targets: number };
  };
  readonly instances: {
    readonly total: number;
    readonly byState: Readonly<Record<string, number>>;
    readonly byCause: Readonly<Record<string, number>>;
  };
  /** Failed hosts whose output has the same line, the line of the most hosts first; 20 at most. */
  readonly outputs: readonly {
    readonly cause: string;
    /** With `<*>` for words that differ; null for outputs that are like no other. Untrusted. */
    readonly template: string | null;
    readonly hosts: number;
    readonly accounts: number;
    readonly oldest: string;
    readonly newest: string;
    readonly example: { readonly accountId: string; readonly instanceId: string };
  }[];
  readonly commands: { readonly sent: number; readonly live: number };
  /** Null where it is not known: a scheduler's API does not tell it. */
  readonly labels: { readonly waiting: number | null };
  readonly rollout: {
    /** Where the waves stand, in the order of the configuration; empty without waves. */
    readonly waves: readonly WaveView[];
    /** Mass starts that begin with a few hosts, as far as hosts are under way or wait for them. */
    readonly ramps: readonly {
      readonly id: string;
      readonly kind: RampFacts['kind'];
      readonly subject: string;
      readonly began: string;
      readonly stopped: string | null;
      /** The first is 1. */
      readonly step: number;
      readonly size: number;
      readonly sent: number;
      readonly joined: number;
      readonly failed: number;
      readonly next: number;
      readonly waitingTargets: number;
      readonly message: string;
    }[];
  };
  /** What keeps candidates whose time has come from being sent to, those of the most instances first. */
  readonly waits: readonly {
    readonly reason: WaitReason;
    /** What the reason is about, such as the name of a freeze window. */
    readonly subject: string | null;
    readonly targets: number;
    readonly instances: number;
    readonly since: string;
    readonly until: string | null;
    readonly message: string;
  }[];
  readonly aws: {
    readonly calls: Readonly<Record<string, number>>;
    readonly throttled: Readonly<Record<string, number>>;
  };
  readonly findings: readonly {
    readonly kind: string;
    readonly scope: string;
    readonly since: string;
    readonly message: string;
    readonly remedy: string;
    readonly owner: CauseOwner;
    /** Places that it sums up, such as accounts. */
    readonly count: number;
    readonly severity: Severity;
    /** Null unless an operator has muted it. */
    readonly muted: MuteView | null;
  }[];
}

/**
 * Reads where the organization stands. The cost of its counts does not depend on how many targets there are.
 *
 * @param reading findings that are being read anyway
 * @param waves those of the configuration
 */
export async function readOrganizationStatus(
  ledger: Ledger,
  nowMs: number,
  reading: Promise<readonly Finding[]> = readFindings(ledger),
  waves: readonly Wave[] = [],
): Promise<OrganizationStatus> {
  // First: what a sweep that is finished has found stands in the counts that are read afterwards.
  const sweep = await ledger.coverage.sweep(nowMs);
  const [counts, statistics, findings, batches, pauses, labelsWaiting, held, outputs, ramps, mutes] =
    await Promise.all([
      ledger.enrollments.counts(),
      ledger.statistics.read(),
      reading,
      ledger.enrollments.openBatches(),
      ledger.control.pauses(),
      ledger.labels.waiting(),
      ledger.waits.sum(nowMs),
      ledger.outputs.largest(),
      ledger.ramps.all(),
      ledger.mutes.standing(nowMs),
    ]);
  return {
    sweep: {
      id: sweep?.id ?? null,
      state: sweep !== null && sweep.finishedAtMs !== null ? 'finished' : 'running',
      verdict: sweep?.verdict ?? null,
      startedAt: isoTime(sweep?.startedAtMs ?? null),
      finishedAt: isoTime(sweep?.finishedAtMs ?? null),
      accounts: sweep?.accounts ?? { total: 0, denied: 0, inactive: 0 },
      targets: orderTargets(sweep?.targets ?? NO_TARGETS),
      notRead: unreadIn(sweep),
    },
    instances: {
      total: [...counts.states.values()].reduce((sum, count) => sum + count, 0),
      byState: sorted(counts.states),
      byCause: sorted(counts.causes),
    },
    outputs: outputs.map(viewOfOutput),
    commands: { sent: statistics.commandsSent, live: batches.length },
    labels: { waiting: Math.max(0, labelsWaiting) },
    waits: held.map(viewOfWait),
    rollout: {
      ramps: ramps.filter(isOfInterest).map(viewOfRamp),
      waves: await readWaves(ledger, waves, nowMs),
    },
    aws: { calls: sorted(statistics.calls), throttled: sorted(statistics.throttled) },
    findings: [
      ...pauses.filter((pause) => pause.by !== 'brake').map((pause) => findingOfPause(pause, mutes)),
      ...findings.map((finding) => view(finding, mutes)),
    ],
  };
}

type Mutes = ReadonlyMap<string, Mute>;

function view(finding: Finding, mutes: Mutes): OrganizationStatus['findings'][number] {
  const { kind, scope, sinceMs, message, remedy, count = 1 } = finding;
  const since = new Date(sinceMs).toISOString();
  return {
    kind,
    scope,
    since,
    message,
    remedy,
    owner: ownerOfFinding(finding),
    count,
    severity: severityOfFinding(finding),
    muted: viewOfMute(mutes.get(idOfFinding(finding))),
  };
}

function viewOfOutput({
  oldestAtMs,
  newestAtMs,
  ...cluster
}: OutputCluster): OrganizationStatus['outputs'][number] {
  return {
    ...cluster,
    oldest: new Date(oldestAtMs).toISOString(),
    newest: new Date(newestAtMs).toISOString(),
  };
}

function viewOfRamp(ramp: RampState): OrganizationStatus['rollout']['ramps'][number] {
  const { id, kind, subject, beganAtMs, stoppedAtMs, step, grown, factor, waiting } = ramp;
  return {
    id,
    kind,
    subject,
    began: new Date(beganAtMs).toISOString(),
    stopped: isoTime(stoppedAtMs),
    step: grown + 1,
    size: step.size,
    sent: step.taken,
    joined: step.joined,
    failed: step.failed,
    next: step.size * factor,
    waitingTargets: waiting,
    message: `${describeRamp(ramp)}: ${describeStep(ramp)}`,
  };
}

function viewOfWait(wait: SendWait): OrganizationStatus['waits'][number] {
  const { reason, subject, targets, instances, sinceMs, untilMs } = wait;
  const since = new Date(sinceMs).toISOString();
  return { reason, subject, targets, instances, since, until: isoTime(untilMs), message: describeWait(wait) };
}

/** A pause stops sends like a brake does, so it is told in the same place. */
function findingOfPause(pause: Pause, mutes: Mutes): OrganizationStatus['findings'][number] {
  return {
    kind: 'paused',
    scope: pause.scope,
    since: new Date(pause.atMs).toISOString(),
    message: `${PAUSERS[pause.by]} paused ${pause.scope}: ${pause.reason}`,
    remedy: `When it may go on, run: muster resume ${scopeFlag(pause.scope)}`,
    owner: 'operator',
    count: 1,
    severity: severityOfPause(pause),
    muted: viewOfMute(mutes.get(idOfFinding({ kind: 'paused', scope: pause.scope }))),
  };
}

/**
 * Whether nothing is on its way any more: every target read, and no instance between discovered and its end. Where an
 * inventory is configured, installed is not an end.
 */
export function isSettled(status: OrganizationStatus, hasInventory: boolean): boolean {
  const moving = ON_THE_WAY.filter((state) => hasInventory || state !== 'installed');
  return (
    status.sweep.state === 'finished' &&
    status.commands.live === 0 &&
    moving.every((state) => (status.instances.byState[state] ?? 0) === 0)
  );
}

function orderTargets(targets: SweepView['targets']): SweepView['targets'] {
  const { total, complete, partial, denied, regionOff, throttled, failed, pending } = targets;
  return { total, complete, partial, denied, regionOff, throttled, failed, pending };
}

/** What a sweep has not read. An account that cannot be entered stands as one denied target; it is counted as an account here. */
export function unreadIn(sweep: SweepView | null): OrganizationStatus['sweep']['notRead'] {
  if (sweep === null) return { accounts: 0, targets: 0 };
  const { partial, denied, throttled, failed, pending } = sweep.targets;
  const accounts = Math.min(sweep.accounts.denied, denied);
  return { accounts, targets: partial + denied + throttled + failed + pending - accounts };
}

function sorted(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].toSorted(([a], [b]) => a.localeCompare(b)));
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
