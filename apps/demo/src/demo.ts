import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeSignInLink } from '@muster/cli/commands/console';
import { awaitSettled } from '@muster/cli/commands/run';
import { formatStatus } from '@muster/cli/commands/status';
import { consoleUrl } from '@muster/core/config/console-reach';
import { loadConfig } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import { formatFaults } from '@muster/core/config/source/report';
import { readOrganizationStatus, type OrganizationStatus } from '@muster/core/reports/organization-status';
import { createRedisLedger } from '@muster/core/control/ledger';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { createClock, randomShare } from '@muster/core/runtime/clock';
import { createLogger } from '@muster/core/runtime/logger';
import { confirmFailures } from '@muster/worker/inventory/verify-joined';
import { demoConfig, writeMarkerKey } from './demo-config.ts';
import { findFreePort } from './free-port.ts';
import type { DemoOptions } from './options.ts';
import { ProcessGroup } from './process-group.ts';
import { ProgressDisplay } from './progress.ts';
import { createHoldOperator, lineToType } from './release-hold.ts';
import { startSimulators, type Simulators } from './simulators.ts';

const LOOK_MS = 500;
/** How long the last look waits for a fresh inventory. */
const INVENTORY_PATIENCE_MS = 30_000;
const root = fileURLToPath(new URL('../../../', import.meta.url));
const ENTRY = join(root, 'apps/cli/bin/muster.js');

/**
 * Runs the whole system against the simulators: they live in this process, the scheduler and the workers are processes
 * of their own, as in production. Progress goes to stderr, the result to stdout.
 *
 * @returns the exit code: 0 whatever the sweep's verdict
 */
export async function demo(options: DemoOptions): Promise<number> {
  const interrupted = Promise.withResolvers<void>();
  process.on('SIGINT', () => interrupted.resolve());
  process.on('SIGTERM', () => interrupted.resolve());
  const simulators = await startSimulators(options);
  const folder = mkdtempSync(join(tmpdir(), 'muster-demo-'));
  const consolePort = await findFreePort(options.port);
  const { config, env } = configure(options, simulators, folder, consolePort);
  const logFile = join(folder, 'muster.log');
  const processes = new ProcessGroup({ entry: ENTRY, env, logFile });
  processes.start({ name: 'scheduler', args: ['scheduler'] });
  for (let n = 1; n <= options.workers; n += 1) processes.start({ name: `worker-${n}`, args: ['worker'] });
  await greet(options, config, env, folder);
  try {
    const status = await watch(config, env, options, interrupted.promise);
    await processes.stop();
    finish(status, simulators, options);
    return 0;
  } finally {
    await processes.stop();
    await simulators.close();
  }
}

/** Writes the configuration and the environment of the processes, and reads the former back as they will. */
function configure(
  options: DemoOptions,
  simulators: Simulators,
  folder: string,
  consolePort: number,
): { readonly config: MusterConfig; readonly env: NodeJS.ProcessEnv } {
  const file = join(folder, 'muster.yaml');
  writeMarkerKey(folder);
  writeFileSync(
    file,
    demoConfig({
      organizationId: simulators.organizationId,
      proxyAddress: new URL(simulators.teleportUrl).host,
      roleName: simulators.access.roleName,
      externalId: simulators.access.externalId,
      matchTags: simulators.matchTags,
      joinToken: simulators.joinToken,
      redisPrefix: `demo-${process.pid}-${Date.now().toString(36)}`,
      tctl: join(root, 'packages/teleport-sim/bin/tctl'),
      consolePort,
      once: options.once,
    }),
  );
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    REDIS_URL: process.env['REDIS_URL'],
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'info',
    MUSTER_CONFIG: file,
    MUSTER_SPEED: String(options.speed),
    MUSTER_WORKER_LISTEN: '127.0.0.1:0',
    TELEPORT_SIM_URL: simulators.teleportUrl,
    AWS_ENDPOINT_URL: simulators.awsUrl,
    AWS_ACCESS_KEY_ID: simulators.access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: simulators.access.secretAccessKey,
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const result = loadConfig(file, env);
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return { config: result.config, env };
}

async function greet(
  options: DemoOptions,
  config: MusterConfig,
  env: NodeJS.ProcessEnv,
  folder: string,
): Promise<void> {
  const world =
    options.world ??
    `${options.scenario}: ${options.accounts} accounts, ${options.regions} regions, ${options.instances} instances, seed ${options.seed}`;
  process.stderr.write(
    `Simulated organization (${world}), time ×${options.speed}, ${options.workers} workers\n` +
      `Console  ${consoleUrl(config.console)}/   Queues  ${consoleUrl(config.console)}/queues\n` +
      `Sign in  ${await makeSignInLink(config, 'operator', process.env)}\n` +
      `Logs     ${join(folder, 'muster.log')}\n` +
      `Ask it   ${lineToType(env, 'status')}\n`,
  );
}

/** Shows the progress until nothing is in flight, or nothing more will happen (`--once`), or the user interrupts. */
async function watch(
  config: MusterConfig,
  env: NodeJS.ProcessEnv,
  options: DemoOptions,
  interrupted: Promise<void>,
): Promise<OrganizationStatus> {
  const log = createLogger({ name: 'demo', level: 'silent' });
  const redis = createRedis({ ...config.redis, profile: 'patient', name: 'muster-demo', log });
  const ledger = createRedisLedger({ redis, prefix: config.redis.prefix, log });
  const display = new ProgressDisplay();
  const startedAtMs = Date.now();
  const stop = new AbortController();
  void interrupted.finally(() => stop.abort());
  try {
    const show = (status: OrganizationStatus): void => display.update(status, Date.now() - startedAtMs);
    const say = (text: string): void => {
      display.clear();
      process.stderr.write(text);
    };
    const clock = createClock();
    const operator = createHoldOperator({ ledger, config, entry: ENTRY, env, say });
    const look = async (): Promise<OrganizationStatus> => {
      const status = await readOrganizationStatus(ledger, clock.now(), undefined, config.rollout.waves);
      show(status);
      await operator(status);
      await clock.sleep(LOOK_MS, stop.signal).catch(() => undefined);
      return status;
    };
    let status = await look();
    while (!stop.signal.aborted && !(options.once && status.sweep.state === 'finished')) {
      status = await look();
    }
    if (options.once && (await awaitSettled(ledger, config, stop.signal, show)) !== null) {
      await confirmFailures({ ledger, config, clock, random: randomShare }, INVENTORY_PATIENCE_MS);
    }
    display.clear();
    return await readOrganizationStatus(ledger, clock.now(), undefined, config.rollout.waves);
  } finally {
    await closeRedis(redis);
  }
}

function finish(status: OrganizationStatus, simulators: Simulators, options: DemoOptions): void {
  const report = simulators.report();
  if (options.report !== null) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`);
  const summary = `${formatStatus(status)}\n\nThe simulator's own count: ${report.joined} joined of ${report.readableInstances} that could be read; ${report.commands.sent} commands, ${report.installs.whileLive} sent while another was live, ${report.installs.afterJoined} to hosts that had joined.\n`;
  (options.json ? process.stderr : process.stdout).write(summary);
  if (options.json) process.stdout.write(`${JSON.stringify(status)}\n`);
}
