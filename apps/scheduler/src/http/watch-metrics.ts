/** What alerts are made of beside the counts of the ledger: findings, the age of the sweep, accounts, waits, Redis's memory. */
import { X509Certificate } from 'node:crypto';
import type { MusterConfig } from '@muster/core/config/model';
import { FINDING_KINDS, severityOfFinding } from '@muster/core/control/finding-kinds';
import { idOfFinding } from '@muster/core/control/findings';
import { SEVERITIES } from '@muster/core/control/severity';
import type { ServerInfo } from '@muster/core/redis/server-info';
import { WAIT_REASONS } from '@muster/core/rollout/send-wait';
import type { Clock } from '@muster/core/runtime/clock-port';
import { createGauge, type createMetrics } from '@muster/core/runtime/metrics';
import type { Snapshot } from './snapshot.ts';

export interface WatchMetricsDeps {
  readonly registry: ReturnType<typeof createMetrics>;
  /** Rejects while Redis cannot be read: then the figure is absent. */
  readonly readSnapshot: () => Promise<Snapshot>;
  readonly readServerInfo: () => Promise<ServerInfo>;
  /** As it is now. */
  readonly configuration: () => Pick<MusterConfig, 'pollIntervalMs' | 'console'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Adds them to the registry; all are read at the scrape. */
export function registerWatchMetrics(deps: WatchMetricsDeps): void {
  registerFindings(deps);
  registerReading(deps);
  registerWaits(deps);
  registerMemory(deps);
  registerCertificates(deps);
}

/** Those of the newer releases are counted as `other`. A mute keeps a finding from being told, by alerts too. */
function registerFindings({ registry, readSnapshot }: WatchMetricsDeps): void {
  createGauge(
    registry,
    {
      name: 'muster_findings',
      help: 'Findings that no operator has muted, by kind.',
      labels: { kind: FINDING_KINDS, severity: SEVERITIES },
    },
    async () => {
      const { findings, mutes } = await readSnapshot();
      const counts = new Map<string, number>(FINDING_KINDS.map((kind) => [kind, 0]));
      for (const finding of findings) {
        if (mutes.has(idOfFinding(finding))) continue;
        const kind = counts.has(finding.kind) ? finding.kind : 'other';
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      return [...counts].map(([kind, value]) => ({
        labels: { kind, severity: severityOfFinding({ kind }) },
        value,
      }));
    },
  );
}

function registerReading({ registry, readSnapshot, configuration, clock }: WatchMetricsDeps): void {
  createGauge(
    registry,
    {
      name: 'muster_accounts',
      help: 'Accounts in scope by whether they can be entered.',
      labels: { status: ['entered', 'denied', 'inactive'] },
    },
    async () => {
      const { total, denied, inactive } = (await readSnapshot()).status.sweep.accounts;
      return [
        { labels: { status: 'entered' }, value: total - denied - inactive },
        { labels: { status: 'denied' }, value: denied },
        { labels: { status: 'inactive' }, value: inactive },
      ];
    },
  );
  createGauge(
    registry,
    {
      name: 'muster_sweep_age_seconds',
      help: 'Since the start of the newest sweep that has ended.',
      labels: {},
    },
    async () => {
      const [newest] = (await readSnapshot()).endedSweeps;
      if (newest === undefined) return [];
      return [{ labels: {}, value: Math.max(0, clock.now() - newest.startedAtMs) / 1_000 }];
    },
  );
  createGauge(
    registry,
    {
      name: 'muster_poll_interval_seconds',
      help: 'How often the organization is to be read by polling.',
      labels: {},
    },
    () => Promise.resolve([{ labels: {}, value: configuration().pollIntervalMs / 1_000 }]),
  );
}

function registerWaits({ registry, readSnapshot }: WatchMetricsDeps): void {
  createGauge(
    registry,
    {
      name: 'muster_waiting_instances',
      help: 'Instances whose time to be sent to has come, by what keeps them from it.',
      labels: { reason: WAIT_REASONS },
    },
    async () => {
      const { waits } = (await readSnapshot()).status;
      return WAIT_REASONS.map((reason) => ({
        labels: { reason },
        value: waits.reduce((sum, wait) => sum + (wait.reason === reason ? wait.instances : 0), 0),
      }));
    },
  );
}

function registerMemory({ registry, readServerInfo }: WatchMetricsDeps): void {
  createGauge(
    registry,
    {
      name: 'muster_redis_memory_bytes',
      help: 'Memory that Redis uses, and its limit (maxmemory); 0 for none.',
      labels: { kind: ['used', 'limit'] },
    },
    async () => {
      const info = await readServerInfo();
      return [
        { labels: { kind: 'used' }, value: Number(info.get('used_memory') ?? Number.NaN) },
        { labels: { kind: 'limit' }, value: Number(info.get('maxmemory') ?? 0) },
      ].filter(({ value }) => Number.isFinite(value));
    },
  );
}

function registerCertificates({ registry, configuration }: WatchMetricsDeps): void {
  createGauge(
    registry,
    {
      name: 'muster_certificate_expires_timestamp_seconds',
      help: 'When a certificate that this process serves by expires.',
      labels: { certificate: ['console'] },
    },
    async () => {
      const { tls } = configuration().console;
      if (tls === null) return [];
      // The first of the chain is the server's own.
      const { validToDate } = await Promise.resolve(new X509Certificate(tls.certificate));
      return [{ labels: { certificate: 'console' }, value: validToDate.getTime() / 1_000 }];
    },
  );
}
