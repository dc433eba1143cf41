import type { Coverage } from '@muster/core/organization/coverage';
import type { EnrollmentRecord, EnrollmentState } from '@muster/core/enrollment/record';
import type {
  AccountId,
  BatchId,
  CommandId,
  InstanceId,
  MatcherKey,
  Region,
} from '@muster/core/organization/ids';
import type { Wave } from '@muster/core/rollout/waves/wave';
import type { Instance, ManagedNode } from '@muster/core/scan/instance';
import type { Intent } from '@muster/core/install/intent';
import type { InstallSettings, Matcher } from '@muster/core/scan/matcher';
import type { Target } from '@muster/core/organization/target';
import type { Logger } from '@muster/core/runtime/logger-port';

/** The moment at which tests happen unless they say otherwise: 2026-11-22T08:00:00Z. */
export const NOW_MS = Date.UTC(2026, 10, 22, 8);

/** The n-th account: `100000000000` and up. */
export function anAccountId(n = 0): AccountId {
  return String(100_000_000_000 + n) as AccountId;
}

/** A target of the n-th account. */
export function aTarget(n = 0, region = 'eu-west-1'): Target {
  return { accountId: anAccountId(n), region: region as Region };
}

export function anInstanceId(n = 0): InstanceId {
  return `i-${n.toString(16).padStart(17, '0')}` as InstanceId;
}

/** Sorts as `n` does. */
export function aBatchId(n = 0): BatchId {
  return `01${String(n).padStart(24, '0')}` as BatchId;
}

export function aCommandId(n = 0): CommandId {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}` as CommandId;
}

export function aMatcherKey(n = 0): MatcherKey {
  return n.toString(16).padStart(16, '0') as MatcherKey;
}

/** What every state shares; the instance was first seen an hour ago. */
type RecordFacts = Partial<Omit<Extract<EnrollmentRecord, { state: 'discovered' }>, 'state'>>;

/** Changes only the shared fields; for a state's own, spread the result. */
export function aRecord<S extends EnrollmentState>(
  state: S,
  facts: RecordFacts = {},
): Extract<EnrollmentRecord, { state: S }> {
  const base = {
    instanceId: anInstanceId(),
    matcherKey: aMatcherKey(),
    firstSeenAtMs: NOW_MS - 3_600_000,
    changedAtMs: NOW_MS - 60_000,
    launchedAtMs: NOW_MS - 7_200_000,
    joinedAtMs: null,
    failures: 0,
    attemptCount: 0,
    attempts: [],
    ...facts,
  };
  const records: { readonly [State in EnrollmentState]: Extract<EnrollmentRecord, { state: State }> } = {
    discovered: { ...base, state: 'discovered' },
    stopped: { ...base, state: 'stopped' },
    unmatched: { ...base, state: 'unmatched' },
    ineligible: { ...base, state: 'ineligible', cause: 'ec2-ssm-agent-not-registered' },
    queued: { ...base, state: 'queued', readyAtMs: NOW_MS },
    sending: { ...base, state: 'sending', batchId: aBatchId() },
    installing: { ...base, state: 'installing', batchId: aBatchId(), commandId: aCommandId() },
    installed: { ...base, state: 'installed', joinDeadlineMs: NOW_MS + 300_000 },
    joined: { ...base, state: 'joined', joinedAtMs: base.joinedAtMs ?? base.changedAtMs, nodeId: 'node-0' },
    lost: {
      ...base,
      state: 'lost',
      joinedAtMs: base.joinedAtMs ?? NOW_MS - 1_800_000,
      cause: 'node-lost',
      repairAtMs: NOW_MS + 600_000,
    },
    failed: { ...base, state: 'failed', cause: 'ec2-ssm-script-failure', nextAttemptAtMs: NOW_MS + 600_000 },
    gone: { ...base, state: 'gone' },
  };
  return records[state];
}

/** An intent whose answer is still awaited. */
export function anIntent(facts: Partial<Intent> = {}): Intent {
  return {
    batchId: aBatchId(),
    matcherKey: aMatcherKey(),
    documentName: 'AWS-RunShellScript',
    instanceIds: [anInstanceId()],
    intentAtMs: NOW_MS,
    notAfterMs: NOW_MS + 10_000,
    epoch: 'epoch-1',
    command: null,
    polls: 0,
    ...facts,
  };
}

/** A complete reading, just now. */
export function aCoverage(facts: Partial<Coverage> = {}): Coverage {
  const complete: Coverage = {
    status: 'complete',
    attemptedAtMs: NOW_MS,
    completeAtMs: NOW_MS,
    cause: null,
    detail: '',
    failures: 0,
  };
  return { ...complete, ...facts };
}

/** A running Linux host of the first account. */
export function anInstance(facts: Partial<Instance> = {}): Instance {
  return {
    instanceId: anInstanceId(),
    ownerId: anAccountId(),
    state: 'running',
    platform: 'other',
    tags: {},
    launchedAtMs: NOW_MS - 3_600_000,
    hasInstanceProfile: true,
    ...facts,
  };
}

/** An agent that is online and recent. */
export function aManagedNode(facts: Partial<ManagedNode> = {}): ManagedNode {
  return {
    instanceId: anInstanceId(),
    pingStatus: 'Online',
    lastPingAtMs: NOW_MS - 60_000,
    agentVersion: '3.3.2299.0',
    platformType: 'Linux',
    platformName: 'Amazon Linux 2023',
    ...facts,
  };
}

/** The usual document and installer, and nothing besides. */
export function anInstall(facts: Partial<InstallSettings> = {}): InstallSettings {
  return {
    documentName: 'AWS-RunShellScript',
    joinToken: 'muster',
    scriptName: 'default-installer',
    scriptSha256: null,
    publicProxyAddr: 'teleport.example.com:443',
    suffix: null,
    updateGroup: null,
    httpProxy: null,
    httpsProxy: null,
    noProxy: null,
    ...facts,
  };
}

/** Matches every instance of every region with the worker's own credentials. */
export function aMatcher(facts: Partial<Matcher> = {}): Matcher {
  return {
    key: aMatcherKey(),
    label: 'discovery_service.aws[0]',
    partition: 'aws',
    regions: { kind: 'all' },
    role: { kind: 'ambient' },
    organization: null,
    tags: [],
    excludeTags: [],
    includeAccounts: null,
    excludeAccounts: [],
    minInstanceAgeMs: 0,
    install: anInstall(),
    ...facts,
  };
}

/** A line that was logged. */
export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** A logger that keeps its lines; children write into the same list, their own fields included. */
export function recordingLog(
  lines: LoggedLine[] = [],
  bound: object = {},
): Logger & { readonly lines: LoggedLine[] } {
  const at = (level: LoggedLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...bound, ...fields }, message });
  };
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLog(lines, { ...bound, ...fields }),
  };
}

/** A wave of every host that begins at once. */
export function aWave(name: string, facts: Partial<Wave> = {}): Wave {
  return {
    name,
    units: null,
    accounts: null,
    regions: null,
    accountTags: [],
    instanceTags: [],
    share: 1,
    after: [],
    notBeforeMs: null,
    approvedGrowth: null,
    inFlight: null,
    ...facts,
  };
}

/** Random numbers in 0..1 that are the same for the same seed (mulberry32), so that a failing test fails again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
