import type { MusterConfig } from '../config/model.ts';
import type { Ledger } from '../control/ledger.ts';
import { causeFacts } from '../enrollment/cause.ts';
import { describeNextAttempt, nextAttempt, type NextAttempt } from '../enrollment/next-attempt.ts';
import { onItsWay } from '../enrollment/next-record.ts';
import { causeOf, isRepair, stateOf, type StoredRecord } from '../enrollment/record.ts';
import { candidateAt } from '../enrollment/record-codec.ts';
import { describeCluster } from '../install/output-clusters.ts';
import { countUnmanaged, type HostManagementState } from '../organization/host-management.ts';
import type { InstanceId } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import { invocationLink } from './instance-links.ts';
import { type GateFacts, readGateFacts } from '../rollout/gate-facts.ts';
import { closedGate, pauseOver } from '../rollout/gates.ts';
import { rampsOver } from '../rollout/ramp/ramp-cover.ts';
import { describeRamp, describeStep } from '../rollout/ramp/describe-ramp.ts';
import { describeWait } from '../rollout/send-wait.ts';
import { terminalLine } from '../runtime/terminal-text.ts';
import { BYSTANDER_TEXTS, type BystanderKind } from '../scan/bystander-store.ts';

/** Why an instance is, or is not, enrolled: `muster explain --json` (docs/status-json.md). */
export interface Explanation {
  readonly instanceId: string;
  readonly accountId: string;
  readonly region: string;
  readonly state: string;
  /** Null for one that has no record. */
  readonly since: string | null;
  readonly cause: string | null;
  readonly title: string | null;
  readonly owner: string | null;
  readonly remedy: string | null;
  /** Whether Default Host Management Configuration is on in its target; null where that makes no difference to it. */
  readonly hostManagement: HostManagementState | null;
  /** Null while the inventory shows its node, and for one that never had one. */
  readonly missingNode: { readonly since: string; readonly lastSeen: string | null } | null;
  readonly nextAttemptAt: string | null;
  /** Why nothing is done now, as a sentence; null when it waits for nothing. */
  readonly waitsFor: string | null;
  readonly pausedBy: string | null;
  readonly matcher: string | null;
  readonly targetLastRead: string | null;
  readonly targetStatus: string | null;
  /** Null when it never was, or is not known any more. */
  readonly targetLastComplete: string | null;
  readonly attempts: readonly {
    readonly endedAt: string;
    /** In the Comment of its command, and in every log line about it; null where a scheduler of an older release answers. */
    readonly batchId: string | null;
    readonly commandId: string | null;
    readonly link: string | null;
    readonly cause: string | null;
    readonly exitCode: number | null;
    readonly output: string;
  }[];
  readonly attemptCount: number;
  /** The sweep that queued it; null for one that is not on its way to joined. */
  readonly sweepId: string | null;
  /** The line of its output that other hosts' outputs have too, with `<*>` for words that differ, and how many hosts that are, it included; null without. Untrusted. */
  readonly outputAlike: {
    readonly template: string;
    readonly hosts: number;
    readonly accounts: number;
  } | null;
}

interface ExplainDeps {
  readonly ledger: Ledger;
  readonly config: MusterConfig;
  readonly nowMs: number;
}

/** Gathers what the ledger knows of an instance; null for one that no scan has seen. Its cost does not depend on how many there are. */
export async function explainInstance(deps: ExplainDeps, id: InstanceId): Promise<Explanation | null> {
  const { enrollments } = deps.ledger;
  const target = await enrollments.targetOf(id);
  if (target === null) return null;
  const stored = (await enrollments.read(target, [id])).get(id);
  if (stored !== undefined) return describe(deps, target, stored.value);
  const kind = await enrollments.findBystander(target, id);
  return kind === null ? null : describeBystander(deps, id, { target, kind });
}

/** Seen by scans, and none of Muster's business: there is no record, so there is little to tell. */
async function describeBystander(
  { ledger }: ExplainDeps,
  id: InstanceId,
  { target, kind }: { readonly target: Target; readonly kind: BystanderKind },
): Promise<Explanation> {
  return {
    instanceId: id,
    ...target,
    state: kind,
    since: null,
    cause: null,
    title: null,
    owner: null,
    remedy: null,
    hostManagement: null,
    missingNode: null,
    nextAttemptAt: null,
    waitsFor: BYSTANDER_TEXTS[kind],
    pausedBy: null,
    matcher: null,
    ...(await readingOf(ledger, target)),
    attempts: [],
    attemptCount: 0,
    sweepId: null,
    outputAlike: null,
  };
}

async function describe(
  { ledger, config, nowMs }: ExplainDeps,
  target: Target,
  record: StoredRecord,
): Promise<Explanation> {
  const cause = causeOf(record);
  const facts = cause === null ? null : causeFacts(cause);
  const gates = await readGateFacts({ ledger, config, nowMs }, target);
  const matcher = config.matchers.find((one) => one.key === record.matcherKey);
  const next = nextAttempt(record, nowMs);
  return {
    instanceId: record.instanceId,
    ...target,
    state: stateOf(record),
    since: isoTime(record.changedAtMs),
    cause,
    title: facts?.title ?? null,
    owner: facts?.owner ?? null,
    remedy: facts?.remedy ?? null,
    hostManagement: await hostManagementOf(ledger, target, cause),
    missingNode: missingNodeOf(record),
    nextAttemptAt: next === null ? null : isoTime(next.atMs),
    waitsFor: await waitOf(ledger, gates, record, next),
    pausedBy: pauseOver(gates, record)?.scope ?? null,
    matcher: matcher?.label ?? null,
    ...(await readingOf(ledger, target)),
    attempts: record.attempts.map((attempt) => ({
      endedAt: isoTime(attempt.endedAtMs),
      batchId: attempt.batchId,
      commandId: attempt.commandId,
      link:
        attempt.commandId === null
          ? null
          : invocationLink(target.region, attempt.commandId, record.instanceId),
      cause: attempt.cause,
      exitCode: attempt.exitCode,
      output: attempt.output,
    })),
    attemptCount: record.attemptCount,
    sweepId: onItsWay(record).sweepId ?? null,
    outputAlike: await outputAlike(ledger, record.instanceId),
  };
}

async function outputAlike(
  { outputs }: Pick<Ledger, 'outputs'>,
  instanceId: InstanceId,
): Promise<Explanation['outputAlike']> {
  const cluster = await outputs.of(instanceId);
  if (cluster === null || cluster.template === null || cluster.hosts < 2) return null;
  return { template: cluster.template, hosts: cluster.hosts, accounts: cluster.accounts };
}

/** Asked for only where an agent is missing from SSM's inventory. */
async function hostManagementOf(
  { hostManagement }: Pick<Ledger, 'hostManagement'>,
  target: Target,
  cause: string | null,
): Promise<HostManagementState | null> {
  if (cause === null || countUnmanaged([[cause, 1]]).hosts === 0) return null;
  return (await hostManagement.read(target)).known?.state ?? 'unknown';
}

/** Its own back-off, or what its target's sends wait for. Of a state in which Muster does nothing, what it means. */
async function waitOf(
  ledger: Ledger,
  gates: GateFacts,
  record: StoredRecord,
  next: NextAttempt | null,
): Promise<string | null> {
  if (next !== null) return describeNextAttempt(next, record.failures);
  if (record.state === 'stopped') return 'it is stopped: it is looked at again once it runs';
  if (record.state === 'unmatched') {
    return 'no matcher of the configuration wants it any more, or its region has left the scope';
  }
  if (record.state === 'gone') {
    return 'it no longer exists, or its account has left the scope; its record is kept for a week';
  }
  if (record.state === 'unknown') {
    return 'a newer release of Muster wrote this state; this release sends nothing to the instance and leaves it to that one';
  }
  if (record.state === 'joined' && record.missing !== undefined) {
    return 'its node: when it does not come back within muster.inventory.lost_after, the host is lost';
  }
  if (record.state === 'lost' && record.repairAtMs === null) return whyNoRepair(record.cause, gates.config);
  if (candidateAt(record) === null) return null;
  const closed = closedGate(gates, record);
  if (closed !== null) return `hosts like it ${closed.message}. ${closed.remedy}`;
  const noted = await ledger.waits.of(gates.target);
  // What first installs of its target wait for holds no repair.
  const wait = noted?.reason === 'ramp' && isRepair(record) ? null : noted;
  if (wait?.reason === 'ramp') {
    const over = rampsOver(gates.ramps, gates.target, record);
    const ramp = (await ledger.ramps.all()).find(({ id }) => over.includes(id));
    if (ramp !== undefined) return `${describeWait(wait)}: ${describeRamp(ramp)} is at ${describeStep(ramp)}`;
  }
  return wait === null ? 'its turn: the next send of its account and region takes it' : describeWait(wait);
}

function missingNodeOf({ missing }: StoredRecord): Explanation['missingNode'] {
  if (missing === undefined) return null;
  const { sinceMs, lastSeenAtMs } = missing;
  return { since: isoTime(sinceMs), lastSeen: lastSeenAtMs === null ? null : isoTime(lastSeenAtMs) };
}

function whyNoRepair(cause: string, { repair }: GateFacts['config']): string {
  if (!repair.enabled) return 'its node: muster.repair.enabled is false, and nothing is sent to it';
  if (cause === 'node-lost-host-silent') {
    return 'its node, or its SSM agent: once SSM shows it online, it is repaired';
  }
  return 'the next scan, which asks SSM whether it can be repaired; or its node';
}

/** How its place was last read. An account that cannot be entered, or has left, has no targets, and says so instead. */
async function readingOf(
  { coverage }: Pick<Ledger, 'coverage'>,
  target: Target,
): Promise<Pick<Explanation, 'targetLastRead' | 'targetStatus' | 'targetLastComplete'>> {
  const own = await coverage.read(target);
  const reading = own ?? (await coverage.readDenied(target.accountId));
  const known = reading === null ? await coverage.account(target.accountId) : null;
  const status =
    reading === null
      ? known === null
        ? 'account not in scope any more'
        : 'not in scope'
      : own === null
        ? `account ${reading.status}`
        : reading.status;
  return {
    targetStatus: status,
    targetLastRead: typeof reading?.attemptedAtMs === 'number' ? isoTime(reading.attemptedAtMs) : null,
    targetLastComplete:
      reading?.completeAtMs === null || reading === null ? null : isoTime(reading.completeAtMs),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

const HOST_MANAGEMENT_TEXTS: Readonly<Record<HostManagementState, string>> = {
  on: 'Default Host Management Configuration is on in its account and region',
  off: 'Default Host Management Configuration is off in its account and region: muster init dhmc writes what switches it on',
  unknown: 'whether Default Host Management Configuration is on is not known (ssm:GetServiceSetting)',
};

/** The same for people: several lines, safe for a terminal. */
export function formatExplanation(explanation: Explanation): string {
  const lines = [
    `${explanation.instanceId} in ${explanation.accountId} ${explanation.region}: ${explanation.state}${explanation.since === null ? '' : ` since ${explanation.since}`}`,
  ];
  if (explanation.cause !== null) {
    lines.push(
      `  why      ${explanation.cause}: ${explanation.title}`,
      `  who      ${explanation.owner}`,
      `  remedy   ${explanation.remedy}`,
    );
  }
  if (explanation.hostManagement !== null) {
    lines.push(`  dhmc     ${HOST_MANAGEMENT_TEXTS[explanation.hostManagement]}`);
  }
  if (explanation.missingNode !== null) {
    const { since, lastSeen } = explanation.missingNode;
    lines.push(`  node     last seen ${lastSeen ?? 'at a time that is not known'}, missing since ${since}`);
  }
  if (explanation.nextAttemptAt !== null) lines.push(`  next     ${explanation.nextAttemptAt}`);
  if (explanation.waitsFor !== null) lines.push(`  waits    ${explanation.waitsFor}`);
  if (explanation.pausedBy !== null) lines.push(`  paused   ${explanation.pausedBy}`);
  lines.push(`  matcher  ${explanation.matcher ?? 'none of this configuration'}`);
  lines.push(
    `  target   ${explanation.targetStatus ?? 'unknown'}, last tried ${explanation.targetLastRead ?? 'not known'}, last read whole ${explanation.targetLastComplete ?? 'not known'}`,
  );
  lines.push(`  attempts ${explanation.attemptCount}`);
  for (const attempt of explanation.attempts) {
    const exit = attempt.exitCode === null ? '' : `, exit code ${attempt.exitCode}`;
    lines.push(`    ${attempt.endedAt}  ${attempt.cause ?? 'succeeded'}${exit}`);
    if (attempt.link !== null) lines.push(`      ${attempt.link}`);
    if (attempt.output !== '') {
      lines.push(
        ...attempt.output
          .trimEnd()
          .split('\n')
          .map((line) => `      | ${line}`),
      );
    }
  }
  const { outputAlike: alike } = explanation;
  if (alike !== null) lines.push(`  alike    ${describeCluster(alike)}`);
  return lines.map(terminalLine).join('\n');
}
