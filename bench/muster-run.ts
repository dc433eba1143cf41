import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@muster/core/config/secret';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { targetId } from '@muster/core/organization/target';
import { createRedisLedger, type Ledger } from '@muster/core/control/ledger';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createLogger } from '@muster/core/runtime/logger';
import { eventually } from '@muster/testing/eventually';
import { startRedis } from '@muster/testing/redis-server';
import { startTcpProxy } from '@muster/testing/tcp-proxy';
import {
  baseEnvironment,
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
  type SupervisedProcess,
  superviseProcess,
} from '@muster/testing/supervised-process';
import { type ConfigPart, systemConfig, TEST_MARKER_KEY } from '@muster/testing/system-config';
import { type ProcessUsage, readUsage } from './process-usage.ts';
import type { SimulatedWorld } from './simulated-world.ts';
import type { SweepView } from '@muster/core/organization/sweep-store';

/** Beside each other on one Redis there is only ever one. */
const PREFIX = 'bench';
const START_WITHIN_MS = 60_000;
/** Slow machines finish too; what hangs shows in its log. */
const SWEEP_WITHIN_MS = 30 * 60_000;

export interface MusterOrder {
  readonly world: SimulatedWorld;
  readonly workers: number;
  /** Merged over the bench's configuration. */
  readonly config?: ConfigPart;
  /** Instances that Teleport shows as nodes; absent: no inventory is configured. */
  readonly joined?: readonly { readonly id: string; readonly account: string }[];
  /** How much longer Redis's answers take for the processes. @default 0 */
  readonly redisDelayMs?: number;
  /** More environment for the workers, such as NODE_OPTIONS. */
  readonly workerEnv?: NodeJS.ProcessEnv;
}

/** Real processes on a Redis of their own. Workers wait idle until the scheduler is started by `begin`. */
export interface MusterRun {
  readonly ledger: Ledger;
  readonly redisPid: number;
  /** Those that run. */
  readonly workers: readonly SupervisedProcess[];
  /** Stops all workers but so many. */
  keepWorkers(count: number): Promise<void>;
  /** Runs the command line to its end, by the same way to Redis as the processes have. */
  cli(...args: string[]): Promise<CommandResult>;
  /** One command to Redis. */
  redisCall(command: string, ...args: string[]): Promise<unknown>;
  /** Starts the scheduler, and with it the first sweep. */
  begin(): void;
  scheduler(): SupervisedProcess | null;
  /** Makes everything due now, as `muster sweep` does. */
  sweepAgain(): Promise<void>;
  /** Waits until a sweep that began after `sinceMs` has finished. */
  swept(sinceMs: number): Promise<SweepView>;
  /** Summed over the workers. */
  workerUsage(): ProcessUsage;
  close(): Promise<void>;
}

/** Starts Redis and the workers, and waits until they are ready. */
export async function startMuster(order: MusterOrder): Promise<MusterRun> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const redis = await startRedis();
  const { redisDelayMs = 0 } = order;
  const hop = redisDelayMs === 0 ? null : await startTcpProxy(redis.port, 0, redisDelayMs);
  const env = environment(order, hop === null ? redis.url : `redis://127.0.0.1:${hop.port}`, folder);
  writeConfig(order, folder);
  const log = createLogger({ name: 'bench', level: 'silent' });
  const connection = createRedis({
    url: new Secret(redis.url),
    prefix: PREFIX,
    profile: 'patient',
    name: 'bench',
    log,
  });
  const ledger = createRedisLedger({ redis: connection, prefix: PREFIX, log });
  const launch = (kind: 'scheduler' | 'worker', name: string): SupervisedProcess =>
    superviseProcess({
      name,
      args: [kind],
      env: kind === 'worker' ? { ...env, ...order.workerEnv } : env,
      logFile: join(folder, `${name}.log`),
    });
  const workers = Array.from({ length: order.workers }, (_, n) => launch('worker', `worker-${n + 1}`));
  await Promise.all(workers.map((worker) => saysIt(worker, 'worker started')));
  let scheduler: SupervisedProcess | null = null;
  return {
    ledger,
    redisPid: redis.pid,
    workers,
    keepWorkers: async (count) => {
      const retired = workers.splice(count);
      for (const worker of retired) worker.signal('SIGTERM');
      await Promise.all(retired.map((worker) => worker.ended));
    },
    cli: (...args) => runProgram([MUSTER_ENTRY, ...args], { env }),
    redisCall: (command, ...args) => connection.call(command, ...args),
    begin: () => {
      scheduler = launch('scheduler', 'scheduler');
    },
    scheduler: () => scheduler,
    sweepAgain: () => sweepAgain(ledger),
    swept: (sinceMs) => swept(ledger, sinceMs, workers),
    workerUsage: () => sumUsage(workers),
    close: async () => {
      const all = [...workers, ...(scheduler === null ? [] : [scheduler])];
      // In order, so that a profile is written: after what `muster.worker.shutdown` gives to jobs under way.
      for (const one of all) one.signal('SIGTERM');
      const late = setTimeout(() => {
        for (const one of all) one.signal('SIGKILL');
      }, 60_000);
      await Promise.all(all.map((one) => one.ended));
      clearTimeout(late);
      await closeRedis(connection);
      await hop?.close();
      await redis.stop();
      if (process.env['BENCH_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environment(order: MusterOrder, redisUrl: string, folder: string): NodeJS.ProcessEnv {
  return {
    ...baseEnvironment(),
    ...order.world.env,
    REDIS_URL: redisUrl,
    LOG_LEVEL: 'info',
    MUSTER_CONFIG: join(folder, 'muster.yaml'),
    MUSTER_MARKER_KEY: TEST_MARKER_KEY,
  };
}

function writeConfig(order: MusterOrder, folder: string): void {
  const facts = {
    organizationId: order.world.organizationId,
    proxyAddress: '127.0.0.1:1',
    roleName: 'teleport-organization-discovery-child-account-role',
    externalId: null,
    joinToken: 'aws-discovery-iam-token',
    matchTags: { env: 'prod' },
    tctl: join(folder, 'tctl'),
  };
  const inventory = order.joined === undefined ? { inventory: { source: 'none' } } : {};
  const base = {
    discovery_service: { poll_interval: '12h' },
    muster: { redis: { prefix: PREFIX }, limits: { hold_first_send: true }, ...inventory },
  };
  const config = systemConfig(facts, base);
  // JSON is YAML.
  writeFileSync(join(folder, 'muster.yaml'), JSON.stringify(merge(config, order.config ?? {}), null, 2));
  if (order.joined === undefined) return;
  writeFileSync(join(folder, 'nodes.json'), inventoryText(order.joined));
  // Stands in for tctl: it prints the inventory for every command. A worker passes none of its own environment to tctl.
  writeFileSync(join(folder, 'tctl'), `#!/bin/sh\nexec cat '${folder}/nodes.json'\n`, { mode: 0o755 });
}

function merge(base: ConfigPart, over: ConfigPart): ConfigPart {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    const both = typeof before === 'object' && typeof value === 'object' && !Array.isArray(value);
    merged[key] = both ? merge(before as ConfigPart, value as ConfigPart) : value;
  }
  return merged;
}

/** What `tctl get nodes --format=json` prints: as long per node as the real one, about two kilobytes. */
function inventoryText(nodes: readonly { readonly id: string; readonly account: string }[]): string {
  const entries = nodes.map(({ id, account }, n) =>
    JSON.stringify(
      {
        kind: 'node',
        version: 'v2',
        metadata: {
          name: `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
          labels: {
            'teleport.dev/account-id': account,
            'teleport.dev/instance-id': id,
            padding: 'x'.repeat(1_000),
          },
        },
        spec: { hostname: `host-${n}`, use_tunnel: true },
      },
      null,
      4,
    ),
  );
  return `[\n${entries.join(',\n')}\n]\n`;
}

function saysIt(child: SupervisedProcess, words: string): Promise<boolean> {
  return eventually(
    `${child.name} says "${words}"`,
    () => {
      if (!child.isRunning()) throw new Error(`${child.name} ended: ${child.log().slice(-2_000)}`);
      return child.log().includes(words);
    },
    START_WITHIN_MS,
  );
}

async function sweepAgain(ledger: Ledger): Promise<void> {
  await ledger.coverage.startSweep(`SWEEP${Date.now()}`);
  await ledger.due.schedule('accounts', [ORGANIZATION_MEMBER]);
  const ids = await ledger.coverage.accountIds();
  for (const accountId of ids) {
    const known = await ledger.coverage.account(accountId);
    const members = (known?.regions ?? []).map((region) => targetId({ accountId, region }));
    await ledger.due.schedule('scan', members);
  }
}

async function swept(
  ledger: Ledger,
  sinceMs: number,
  workers: readonly SupervisedProcess[],
): Promise<SweepView> {
  return eventually(
    'the sweep has finished',
    async () => {
      const dead = workers.find((worker) => !worker.isRunning());
      if (dead !== undefined) throw new Error(`${dead.name} ended: ${dead.log().slice(-2_000)}`);
      const sweep = await ledger.coverage.sweep(Date.now());
      return sweep !== null && sweep.startedAtMs >= sinceMs && sweep.finishedAtMs !== null ? sweep : null;
    },
    SWEEP_WITHIN_MS,
  );
}

function sumUsage(processes: readonly SupervisedProcess[]): ProcessUsage {
  const usages = processes.map(({ pid }) => readUsage(pid));
  return {
    cpuMs: usages.reduce((sum, usage) => sum + usage.cpuMs, 0),
    rssMb: usages.reduce((sum, usage) => sum + usage.rssMb, 0),
    peakRssMb: Math.max(...usages.map((usage) => usage.peakRssMb)),
  };
}
