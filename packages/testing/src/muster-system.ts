/**
 * A whole system for end-to-end and chaos tests: the simulators live in the test's process, where they can be changed
 * and asked; Redis, schedulers and workers are processes of their own, which can be killed and frozen.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AwsSimReport } from '@muster/aws-sim/report/report';
import { type AwsSim, type AwsSimOptions, startAwsSim } from '@muster/aws-sim/start';
import {
  isSettled,
  type OrganizationStatus,
  readOrganizationStatus,
} from '@muster/core/reports/organization-status';
import { createRedisLedger, type Ledger } from '@muster/core/control/ledger';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createLogger } from '@muster/core/runtime/logger';
import { startTeleportSim, type TeleportSim, type TeleportSimOptions } from '@muster/teleport-sim/start';
import { eventually } from './eventually.ts';
import { assertReferee, type RefereeOptions } from './referee.ts';
import { settingsOf, startChosenRedis, type TestRedis } from './test-redis.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import {
  baseEnvironment,
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
  type SupervisedProcess,
  superviseProcess,
} from './supervised-process.ts';
import {
  type ConfigFacts,
  type ConfigPart,
  mergeParts,
  systemConfig,
  TEST_MARKER_KEY,
} from './system-config.ts';

export interface SystemOptions {
  /** The simulated organization; `speed` is given apart. @default 4 accounts, 2 regions, 60 instances, clean */
  readonly world?: AwsSimOptions;
  readonly teleport?: TeleportSimOptions;
  /** Simulated seconds per second, for the simulators and for Muster. @default 40 */
  readonly speed?: number;
  /** Merged over the usual configuration; a function is given what the world asks for. */
  readonly config?: ConfigPart | ((facts: ConfigFacts) => ConfigPart);
  /** More environment for every process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Starts with these processes. @default 1 scheduler, 1 worker */
  readonly schedulers?: number;
  readonly workers?: number;
  /** Where processes find Redis when not at its own port, such as a proxy in between. */
  readonly redisUrl?: (server: RedisServer) => Promise<string> | string;
  /**
   * What processes and test use instead of the one server; with `REDIS_PASSWORD`. It stays the caller's. @default what
   * `MUSTER_TEST_REDIS` chooses, unless `redisUrl` is given
   */
  readonly redisElsewhere?: TestRedis;
}

export interface MusterSystem {
  readonly aws: AwsSim;
  readonly teleport: TeleportSim;
  /** The current server: changes with `restartRedis`. */
  redis(): RedisServer;
  /** A connection to it that comes back by itself. */
  readonly ledger: Ledger;
  readonly folder: string;
  readonly configFile: string;
  readonly facts: ConfigFacts;
  readonly env: NodeJS.ProcessEnv;
  /** Running and ended ones. */
  readonly processes: readonly SupervisedProcess[];
  start(
    kind: 'scheduler' | 'worker' | 'run',
    options?: { entry?: string; env?: NodeJS.ProcessEnv; args?: readonly string[] },
  ): SupervisedProcess;
  /** One command to Redis, past everything of ours. */
  redisCall(command: string, ...args: string[]): Promise<unknown>;
  /** Rewrites the configuration; processes read it when they start. */
  configure(overrides: ConfigPart): void;
  cli(...args: string[]): Promise<CommandResult>;
  status(): Promise<OrganizationStatus>;
  report(): AwsSimReport;
  /** Waits until every target was read and nothing is on its way. */
  settled(withinMs?: number): Promise<OrganizationStatus>;
  /** `settled`, then the referee's judgment. */
  judged(withinMs?: number, options?: RefereeOptions): Promise<OrganizationStatus>;
  /** Starts a new server at the same port and in the same folder; the old one must be dead. */
  restartRedis(): Promise<RedisServer>;
  /** Asks every process to end; resolves with their ends. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

const ROLE_NAME = 'teleport-organization-discovery-child-account-role';
const TCTL = fileURLToPath(new URL('../../teleport-sim/bin/tctl', import.meta.url));
const STOP_WITHIN_MS = 25_000;
/** As in production; each system has a server of its own. */
export const REDIS_PASSWORD = 'password-of-a-throwaway-redis';

/** Starts simulators, Redis and the processes. Close it in any case: `close` forgets nothing. */
export async function startSystem(options: SystemOptions = {}): Promise<MusterSystem> {
  const speed = options.speed ?? 40;
  const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
  const aws = await startAwsSim({
    accounts: 4,
    regions: 2,
    instances: 60,
    seed: 7,
    scenario: 'clean',
    ...options.world,
    speed,
  });
  const teleport = await startTeleportSim({
    seed: aws.world.seed,
    organizationId: aws.organizationId,
    ...options.teleport,
    speed,
  });
  await aws.connectProxy(teleport.url);
  const redisFolder = mkdtempSync(join(tmpdir(), 'muster-test-redis-'));
  let redis = await startRedis({ dir: redisFolder, password: REDIS_PASSWORD });
  const own =
    options.redisElsewhere === undefined && options.redisUrl === undefined
      ? await startChosenRedis(REDIS_PASSWORD)
      : null;
  const elsewhere = options.redisElsewhere ?? own;
  const facts = factsOf(aws, teleport);
  const configFile = join(folder, 'muster.yaml');
  const configure = (overrides: ConfigPart): void => {
    const ours = { marker_key_file: 'marker.key', redis: { ...elsewhere?.tlsFiles } };
    const parts = mergeParts({ muster: ours }, overrides);
    // JSON is YAML.
    writeFileSync(configFile, JSON.stringify(systemConfig(facts, parts), null, 2));
  };
  writeFileSync(join(folder, 'marker.key'), `${TEST_MARKER_KEY}\n`, { mode: 0o600 });
  configure(typeof options.config === 'function' ? options.config(facts) : (options.config ?? {}));
  const env: NodeJS.ProcessEnv = {
    ...baseEnvironment(),
    REDIS_URL: elsewhere?.url ?? (await options.redisUrl?.(redis)) ?? redis.url,
    LOG_LEVEL: process.env['MUSTER_TEST_LOG_LEVEL'] ?? 'info',
    MUSTER_CONFIG: configFile,
    MUSTER_SPEED: String(speed),
    TELEPORT_SIM_URL: teleport.url,
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: aws.world.access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.world.access.secretAccessKey,
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...options.env,
  };
  const log = createLogger({ name: 'test', level: 'silent' });
  const connection = createRedis({
    ...settingsOf(elsewhere ?? redis),
    prefix: 'test',
    profile: 'patient',
    name: 'test',
    log,
  });
  const ledger = createRedisLedger({ redis: connection, prefix: 'test', log });
  const processes: SupervisedProcess[] = [];

  const start: MusterSystem['start'] = (kind, { entry, env: more, args = [] } = {}) => {
    const name = `${kind}-${processes.length + 1}`;
    const child = superviseProcess({
      name,
      args: [kind, ...args],
      env: { ...env, ...more },
      logFile: join(folder, `${name}.log`),
      ...(entry === undefined ? {} : { entry }),
    });
    processes.push(child);
    return child;
  };
  const status = (): Promise<OrganizationStatus> => readOrganizationStatus(ledger, Date.now());
  const stop = async (): Promise<void> => {
    const running = processes.filter((child) => child.isRunning());
    for (const child of running) {
      child.signal('SIGCONT');
      child.signal('SIGTERM');
    }
    const timer = setTimeout(() => {
      for (const child of running) child.signal('SIGKILL');
    }, STOP_WITHIN_MS);
    await Promise.all(running.map((child) => child.ended));
    clearTimeout(timer);
  };

  const system: MusterSystem = {
    aws,
    teleport,
    redis: () => redis,
    ledger,
    folder,
    configFile,
    facts,
    env,
    processes,
    start,
    redisCall: (command, ...args) => connection.call(command, ...args),
    configure,
    cli: (...args) => runProgram([MUSTER_ENTRY, ...args], { env }),
    status,
    report: () => aws.report(),
    settled: (withinMs = 60_000) =>
      eventually(
        'every target read and nothing on its way',
        async () => {
          const now = await status();
          return isSettled(now, true) && aws.report().commands.live === 0 ? now : null;
        },
        withinMs,
      ),
    judged: async (withinMs, refereeOptions) => {
      const settled = await system.settled(withinMs);
      assertReferee(aws.report(), settled, refereeOptions);
      return settled;
    },
    restartRedis: async () => {
      await redis.ended;
      redis = await startRedis({ dir: redisFolder, port: redis.port, password: REDIS_PASSWORD });
      return redis;
    },
    stop,
    close: async () => {
      for (const child of processes) child.signal('SIGKILL');
      await Promise.all(processes.map((child) => child.ended));
      await closeRedis(connection);
      await redis.stop();
      await own?.stop();
      await aws.close();
      await teleport.close();
      rmSync(redisFolder, { recursive: true, force: true });
      if (process.env['MUSTER_TEST_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
  for (let n = 0; n < (options.schedulers ?? 1); n += 1) start('scheduler');
  for (let n = 0; n < (options.workers ?? 1); n += 1) start('worker');
  return system;
}

function factsOf(aws: AwsSim, teleport: TeleportSim): ConfigFacts {
  return {
    organizationId: aws.organizationId,
    proxyAddress: new URL(teleport.url).host,
    roleName: aws.world.access.roleName ?? ROLE_NAME,
    externalId: aws.world.access.externalId,
    joinToken: aws.world.joinToken,
    matchTags: aws.world.matchTags,
    tctl: TCTL,
  };
}
