import { fileURLToPath } from 'node:url';
import { parseWorld, type WorldFile } from '@muster/aws-sim/world/file';
import { type AwsSim, type AwsSimOptions, startAwsSim } from '@muster/aws-sim/start';
import { createAwsAdapter } from '@muster/core/aws/adapter';
import { installationId } from '@muster/core/config/installation-id';
import { secretsOf } from '@muster/core/config/secrets';
import type { EnrollmentRecord } from '@muster/core/domain/enrollment';
import type { InstanceId } from '@muster/core/domain/ids';
import type { Intent } from '@muster/core/domain/intent';
import type { Target } from '@muster/core/domain/target';
import { catalog, type Catalog, type JobName } from '@muster/core/jobs/catalog';
import type { PayloadOf, ResultOf } from '@muster/core/jobs/define-job';
import type { JobContext } from '@muster/core/jobs/outcome';
import { createReportLedger } from '@muster/core/ledger/reports';
import { createClock } from '@muster/core/runtime/clock';
import { createRedactor } from '@muster/core/runtime/redaction';
import { createTeleportAdapter } from '@muster/core/teleport/adapter';
import { startTeleportSim, type TeleportSim, type TeleportSimOptions } from '@muster/teleport-sim/start';
import { type LoggedLine, recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { type LedgerBench, startLedgerBench, type TestLedger } from '@muster/testing/ledger-bench';
import type { ConfigFacts, ConfigPart } from '@muster/testing/system-config';
import { ulid } from 'ulid';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type AwsFront, startAwsFront } from './aws-front.fixture.ts';
import { compileConfig, type MakeConfigPart } from './bench-config.fixture.ts';
import type { HandlerDeps } from './deps.ts';
import { HANDLERS } from './handlers.ts';
import { createTimings } from './timings.ts';
import { TARGET } from './written-world.fixture.ts';

const TCTL = fileURLToPath(new URL('../../../packages/teleport-sim/bin/tctl', import.meta.url));
const ROLE_NAME = 'teleport-organization-discovery-child-account-role';

/** A hint that a handler gave to the queue. */
export interface Hint {
  readonly name: JobName;
  readonly payload: unknown;
}

export interface BenchOptions {
  /** A written world, or flags. */
  readonly world?: WorldFile;
  readonly flags?: AwsSimOptions;
  /** Simulated seconds per second, for the simulators alone: Muster's clock is moved by hand. @default 200 */
  readonly speed?: number;
  /** Merged over the usual configuration: no hold, no brake, no inventory. */
  readonly config?: ConfigPart | MakeConfigPart;
  readonly teleport?: TeleportSimOptions;
  /** Leaves the ledger's epoch as new as it is: nothing is sent before its time has come. @default false */
  readonly newEpoch?: boolean;
}

/** One worker's handlers, called by hand, between the simulators and a real Redis. */
export interface WorkerBench {
  readonly aws: AwsSim;
  readonly teleport: TeleportSim;
  /** Between the worker and the simulated AWS. */
  readonly front: AwsFront;
  readonly store: TestLedger;
  readonly ledger: HandlerDeps['ledger'];
  readonly deps: HandlerDeps;
  readonly facts: ConfigFacts;
  /** What handlers gave to the queue, oldest first. */
  readonly hints: Hint[];
  readonly lines: readonly LoggedLine[];
  now(): number;
  /** Moves Muster's clock; the simulators' stays. */
  advance(ms: number): void;
  /** Calls one handler directly, as the queue would: payload and result pass their schemas. */
  run<Name extends JobName>(
    name: Name,
    payload: PayloadOf<Catalog[Name]>,
    deps?: HandlerDeps,
  ): Promise<ResultOf<Catalog[Name]>>;
  /** Another worker with another configuration on the same ledger. */
  depsWith(config: ConfigPart | MakeConfigPart): HandlerDeps;
  /** Lists accounts and regions, so that targets are known. */
  discover(): Promise<void>;
  /** `discover`, and one scan of the first target. */
  scanned(): Promise<void>;
  records(target?: Target): Promise<ReadonlyMap<InstanceId, EnrollmentRecord>>;
  record(id: InstanceId, target?: Target): Promise<EnrollmentRecord>;
  /** How many records are in each state. */
  states(target?: Target): Promise<Readonly<Record<string, number>>>;
  /** Why the record is not done; null when it has no cause. */
  cause(id: InstanceId): Promise<string | null>;
  intents(target?: Target): Promise<readonly Intent[]>;
  /** The only open intent. */
  intent(target?: Target): Promise<Intent>;
  /** When a member is due, as epoch ms of Muster's clock; null when it is not. */
  dueAt(kind: Parameters<HandlerDeps['ledger']['due']['begin']>[0], member: string): Promise<number | null>;
  findings(): Promise<readonly string[]>;
  /** Waits until no command is live in SSM. */
  commandsEnded(): Promise<void>;
  /** Instances per command that SSM accepted, in order. */
  sentSizes(): Promise<readonly number[]>;
  /** The commands that SSM accepted, as it would show them. */
  commands(): Promise<readonly SentCommand[]>;
}

/** A command as the simulator has it. */
export interface SentCommand {
  readonly id: string;
  readonly comment: string;
  readonly documentName: string;
  readonly requestedAt: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly invocations: readonly { readonly instanceId: string; readonly statusDetails: string }[];
}

/**
 * For the top of a test file: one Redis for the file, and everything that a test starts ends with the test.
 *
 * @returns starts a bench
 */
export function useWorkerBench(): (options?: BenchOptions) => Promise<WorkerBench> {
  let redis: LedgerBench;
  const open: { close(): unknown }[] = [];
  beforeAll(async () => {
    redis = await startLedgerBench();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
    await redis.disconnect();
  });
  afterAll(() => redis.stop());
  return (options = {}) => startWorkerBench(options, redis, open);
}

async function startWorkerBench(
  options: BenchOptions,
  redis: LedgerBench,
  open: { close(): unknown }[],
): Promise<WorkerBench> {
  const speed = options.speed ?? 200;
  const world =
    options.world === undefined ? undefined : parseWorld(JSON.stringify(options.world), 'test world');
  const aws = await startAwsSim({ seed: 7, scenario: 'clean', ...options.flags, world, speed });
  const teleport = await startTeleportSim({
    seed: 7,
    organizationId: aws.organizationId,
    visibilityDelayMs: { min: 0, max: 0 },
    // An hour for Muster's clock too, which is moved by hand.
    nodeTtlMs: 3_600_000 * speed,
    speed,
    ...options.teleport,
  });
  await aws.connectProxy(teleport.url);
  const front = await startAwsFront(aws.url);
  process.env['AWS_ENDPOINT_URL'] = front.url;
  process.env['TELEPORT_SIM_URL'] = teleport.url;

  const real = createClock();
  let offsetMs = 0;
  const clock = {
    now: () => real.now() + offsetMs,
    sleep: (...wait: Parameters<typeof real.sleep>) => real.sleep(...wait),
  };
  const log = recordingLog();
  const adapter = createAwsAdapter({
    // The SDK signs with real time, whatever this says.
    clock,
    observe: () => undefined,
    partition: 'aws',
    // oxlint-disable-next-line typescript/require-await -- a source answers with a promise
    baseCredentials: async () => aws.world.access,
    log,
    random: () => 0,
  });
  open.push(adapter, front, aws, teleport);
  const store = redis.create();
  const { ledger } = store;
  if (options.newEpoch !== true) {
    await ledger.control.epochSeenAt(await ledger.control.epoch(), clock.now() - 3_600_000);
  }
  const facts: ConfigFacts = {
    organizationId: aws.organizationId,
    proxyAddress: new URL(teleport.url).host,
    roleName: aws.world.access.roleName ?? ROLE_NAME,
    externalId: aws.world.access.externalId,
    joinToken: aws.world.joinToken,
    matchTags: aws.world.matchTags,
    tctl: TCTL,
  };
  const hints: Hint[] = [];
  const depsWith = (part: BenchOptions['config']): HandlerDeps => {
    const config = compileConfig(facts, part);
    return {
      config,
      installation: installationId(config),
      timings: createTimings(config),
      clock,
      ledger,
      organization: adapter,
      accounts: adapter,
      instances: adapter,
      commands: adapter,
      preflight: adapter,
      reports: createReportLedger(store),
      teleport: createTeleportAdapter({ proxyServer: config.proxyServer, inventory: config.inventory }),
      enqueue: (name, payloads) => {
        hints.push(...payloads.map((payload) => ({ name, payload: catalog[name].payload.parse(payload) })));
        return Promise.resolve();
      },
      newId: () => ulid(clock.now()),
      random: () => 0,
      leaveFailedSinceMs: null,
      redact: createRedactor(secretsOf(config)),
    };
  };
  const core = {
    aws,
    teleport,
    front,
    store,
    ledger,
    deps: depsWith(options.config),
    facts,
    hints,
    lines: log.lines,
    now: clock.now,
    advance: (ms: number) => {
      offsetMs += ms;
    },
    depsWith,
  };
  return { ...core, ...looksAt(core), ...movesOf(core, { log, clock }) };
}

type Core = Pick<
  WorkerBench,
  'aws' | 'teleport' | 'front' | 'store' | 'ledger' | 'deps' | 'facts' | 'hints' | 'now' | 'depsWith'
>;

/** What moves things on. */
function movesOf(
  { deps, hints }: Core,
  { log, clock }: Pick<JobContext, 'log' | 'clock'>,
): Pick<WorkerBench, 'run' | 'discover' | 'scanned'> {
  const ctx: JobContext = {
    signal: AbortSignal.timeout(25_000),
    log,
    clock,
    attempt: 1,
    jobId: 'test',
  };
  const run: WorkerBench['run'] = async (name, payload, as = deps) => {
    const { [name]: handler } = HANDLERS;
    const { [name]: contract } = catalog;
    // The map's types tie payload and result to the name; a generic name loses that.
    const answer = await (handler as (...args: readonly unknown[]) => Promise<unknown>)(
      contract.payload.parse(payload),
      ctx,
      as,
    );
    return contract.result.parse(answer) as never;
  };
  const discover = async (): Promise<void> => {
    await run('list-accounts', {});
    const accounts = hints.filter(({ name }) => name === 'list-regions');
    for (const { payload } of accounts) {
      await run('list-regions', payload as PayloadOf<Catalog['list-regions']>);
    }
  };
  return {
    run,
    discover,
    scanned: async () => {
      await discover();
      await run('scan-target', { target: TARGET });
    },
  };
}

/** What only looks. */
function looksAt({
  ledger,
  store,
  aws,
}: Core): Omit<WorkerBench, keyof Core | 'run' | 'discover' | 'scanned' | 'advance' | 'lines'> {
  const records: WorkerBench['records'] = async (target = TARGET) =>
    new Map([...(await ledger.enrollments.readAll(target))].map(([id, { value }]) => [id, value]));
  const intents: WorkerBench['intents'] = async (target = TARGET) =>
    (await ledger.enrollments.intents(target)).map(({ value }) => value);
  const record: WorkerBench['record'] = async (id, target) => {
    const found = (await records(target)).get(id);
    if (found === undefined) throw new Error(`there is no record of ${id}`);
    return found;
  };
  const commands: WorkerBench['commands'] = async () => {
    const answer = (await (await fetch(`${aws.url}/_sim/commands`)).json()) as { commands: SentCommand[] };
    return answer.commands;
  };
  return {
    records,
    record,
    intents,
    commands,
    states: async (target) => {
      const counts: Record<string, number> = {};
      for (const { state } of (await records(target)).values()) counts[state] = (counts[state] ?? 0) + 1;
      return counts;
    },
    cause: async (id) => {
      const found = await record(id);
      return 'cause' in found ? found.cause : null;
    },
    intent: async (target) => {
      const [first, ...others] = await intents(target);
      if (first === undefined || others.length > 0) throw new Error('there is not exactly one open intent');
      return first;
    },
    dueAt: async (kind, member) => {
      const score = await store.redis.zscore(store.keys.due(kind), member);
      return score === null ? null : Number(score);
    },
    findings: async () =>
      (await ledger.control.findings()).map(({ kind, scope }) => `${kind} ${scope}`).toSorted(),
    commandsEnded: async () => {
      await eventually('no command is live', () => aws.report().commands.live === 0);
    },
    sentSizes: async () => (await commands()).map(({ invocations }) => invocations.length),
  };
}
