import { eventually } from '@muster/testing/eventually';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { settingsOf, startTestRedis, type TestRedis } from '@muster/testing/test-redis';
import type { ConsoleSettings, MusterConfig } from '@muster/core/config/model';
import { Secret } from '@muster/core/config/secret';
import { createRedisLedger, type Ledger } from '@muster/core/control/ledger';
import type { Logger } from '@muster/core/runtime/logger-port';
import { boardQueues, createJobQueue, type JobQueue } from '@muster/core/jobs/queue/enqueue';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { createClock } from '@muster/core/runtime/clock';
import { createMetrics } from '@muster/core/runtime/metrics';
import { createRedactor } from '@muster/core/runtime/redaction';
import { startReadModel } from '../read-model/read-model.ts';
import { createHttpApp } from './app.ts';
import { listen } from './listen.ts';

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};

/** More than the keys of a test. */
const ALL_AT_ONCE = 100_000;

/** A web side as a scheduler runs it, on a Redis of its own. */
export interface RunningApp {
  readonly url: string;
  readonly redis: TestRedis;
  readonly ledger: Ledger;
  readonly jobQueue: JobQueue;
  /** Changes who may come in, as a reload does. */
  readonly reconfigure: (changes: Partial<ConsoleSettings>) => void;
  /** Sends one Redis command, such as `CONFIG SET …`. */
  readonly command: (name: string, ...args: readonly string[]) => Promise<unknown>;
  /** Keys that match, as `SCAN` has them. */
  readonly keys: (pattern: string) => Promise<readonly string[]>;
  /** Resolves when the read model has so many instances. */
  readonly modelHas: (instances: number) => Promise<void>;
  stop(): Promise<void>;
}

export async function startApp(
  options: {
    readonly password?: string;
    readonly host?: string;
    /** One that the test kills or changes; it goes with the app. @default as `startTestRedis` chooses */
    readonly redis?: TestRedis;
    /** What differs from a console with nothing configured. */
    readonly console?: Partial<ConsoleSettings>;
    /** @default silent */
    readonly log?: Logger;
    readonly secrets?: readonly string[];
    /** @default the one of a system under test */
    readonly configuration?: MusterConfig;
  } = {},
): Promise<RunningApp> {
  const server = options.redis ?? (await startTestRedis());
  const clock = createClock();
  const prefix = 'muster';
  const redis = createRedis({
    ...settingsOf(server),
    prefix,
    profile: 'fail-fast',
    name: 'console-test',
    log: SILENT,
  });
  await awaitRedis(redis, clock, 5_000);
  const ledger = createRedisLedger({ redis, prefix, log: SILENT });
  const jobQueue = createJobQueue({ connection: redis, prefix });
  const queues = boardQueues(redis, prefix);
  const console: ConsoleSettings = {
    host: options.host ?? '127.0.0.1',
    port: 0,
    publicUrl: null,
    proxies: [],
    tls: null,
    usersFile: null,
    users: null,
    oidc: null,
    trustedProxy: null,
    password: options.password === undefined ? null : new Secret(options.password),
    session: { idleMs: 30 * 60_000, longestMs: 12 * 60 * 60_000 },
    ...options.console,
  };
  let configuration: MusterConfig = {
    ...(options.configuration ?? parsedSystemConfig(OFFLINE_FACTS, {})),
    console,
  };
  const readModel = startReadModel({ redis: { ...settingsOf(server), prefix }, clock, log: SILENT });
  const app = createHttpApp({
    config: { console },
    configuration: () => configuration,
    ledger,
    readModel,
    queues,
    jobQueue,
    redis,
    prefix,
    metrics: createMetrics('scheduler'),
    redact: createRedactor((options.secrets ?? []).map((secret) => new Secret(secret))),
    clock,
    log: options.log ?? SILENT,
  });
  const listening = await listen(app, console);
  return {
    url: listening.url,
    redis: server,
    ledger,
    jobQueue,
    reconfigure: (changes) => {
      configuration = { ...configuration, console: { ...configuration.console, ...changes } };
      listening.renew(configuration.console.tls);
    },
    command: (name, ...args) => redis.call(name, ...args),
    keys: async (pattern) => (await redis.scan(0, 'MATCH', pattern, 'COUNT', ALL_AT_ONCE))[1],
    async modelHas(instances) {
      await eventually('the read model has them', async () => {
        const said = await readModel.counts({});
        return said.kind === 'answer' && said.value.total === instances && !said.value.stale;
      });
    },
    async stop() {
      await listening.close();
      await Promise.all(queues.map((queue) => queue.close()));
      await jobQueue.close();
      await readModel.close();
      await closeRedis(redis);
      await server.stop();
    },
  };
}
