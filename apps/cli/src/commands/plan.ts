import type { Command } from 'commander';
import { PAUSERS } from '@muster/core/control/findings';
import type { MusterConfig } from '@muster/core/config/model';
import { shareOf } from '@muster/core/install/pacing';
import { assemblePlan, type Plan, type PlanWarning } from '@muster/core/reports/plan/assemble';
import { planCsv } from '@muster/core/reports/plan/csv';
import {
  ASSUMPTIONS,
  estimateFirstRun,
  estimateSweep,
  type Load,
  type LoadLimits,
} from '@muster/core/reports/plan/estimate';
import { AccountReading, OrganizationReading, TargetReading } from '@muster/core/reports/plan/plan-part';
import { describeFreeze, freezeOver } from '@muster/core/rollout/freeze/freeze';
import { SILENT } from '@muster/core/runtime/logger-port';
import { examplesText } from '../examples-text.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { askWhoIsThere } from '../count-processes.ts';
import { formatPlan } from '../format-plan.ts';
import {
  askHere,
  askWorkers,
  type Gathered,
  gatherReport,
  parseTimeout,
  showProgress,
  TIMEOUT_OPTION,
} from '../gather-report.ts';
import { withLedger } from '../open-ledger.ts';

interface Options {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly local?: boolean;
  readonly timeout: string;
}

const PICKUP_MS = 30_000;

/** `muster plan`: what a run would do. Reads everything, sends nothing, records nothing. */
export function addPlanCommand(program: Command, context: CommandContext): void {
  program
    .command('plan')
    .description('full dry run: what would be installed, what is skipped and why')
    .option('--json', 'one document (docs/plan.md)')
    .option('--csv', 'one row per account and region')
    .option('--local', 'here, with this shell’s credentials, from scratch: without workers and Redis')
    .option(...TIMEOUT_OPTION)
    .addHelpText('after', examplesText('muster plan', 'muster plan --local --csv > plan.csv'))
    .action(async (options: Options) => {
      if (options.json === true && options.csv === true) {
        throw new CommandError(EXIT.usage, 'give one of --json and --csv');
      }
      const timeoutMs = parseTimeout(options.timeout);
      const config = readConfig(context.env, context.configOption());
      const plan = await makePlan(config, options.local === true, timeoutMs);
      if (options.json === true) process.stdout.write(`${JSON.stringify(plan)}\n`);
      else if (options.csv === true) process.stdout.write(planCsv(plan));
      else process.stdout.write(`${formatPlan(plan)}\n`);
      context.exit(
        plan.verdict === 'complete' ? EXIT.ok : plan.verdict === 'partial' ? EXIT.partial : EXIT.failed,
      );
    });
}

/** Has workers, or this process, read everything, and says what a run would do. */
export async function makePlan(config: MusterConfig, isLocal: boolean, timeoutMs: number): Promise<Plan> {
  const startedAtMs = Date.now();
  const workers = isLocal ? 1 : await requireWorkers(config);
  const log = SILENT;
  const source = isLocal ? await askHere(config, log) : askWorkers(config, log);
  const progress = showProgress('plan');
  let gathered: Gathered;
  try {
    gathered = await gatherReport(source, {
      purpose: 'plan',
      parts: ['organization'],
      timeoutMs,
      pickupMs: PICKUP_MS,
      onProgress: progress.update,
    });
  } finally {
    progress.end();
    await source.close();
  }
  if (!gathered.begun) {
    throw new CommandError(
      EXIT.failed,
      `no worker took the job within ${PICKUP_MS / 1_000} s: see the logs of the workers, and whether they use the same Redis, database and prefix (muster.redis); or run: muster plan --local`,
    );
  }
  const parts = readParts(gathered, timeoutMs);
  const load = loadOf(parts);
  const limits = limitsOf(config, workers);
  return assemblePlan(parts, {
    startedAtMs,
    finishedAtMs: Date.now(),
    ranBy: source.ranBy,
    estimate: { sweep: estimateSweep(load, limits), firstRun: estimateFirstRun(load, limits) },
    warnings: [...skewOf(config, parts), ...(isLocal ? holdsOfConfig(config) : await holdsOf(config))],
  });
}

/** How many workers are connected. Without one the plan cannot be made. */
async function requireWorkers(config: MusterConfig): Promise<number> {
  const { workers: count } = await askWhoIsThere(config);
  if (count !== 0) return count ?? 1;
  throw new CommandError(
    EXIT.failed,
    'no worker is connected to Redis. Start one (muster worker, or docker compose up -d worker), or run the plan here: muster plan --local',
  );
}

type PlanAnswers = Parameters<typeof assemblePlan>[0];

function readParts({ results, unanswered }: Gathered, timeoutMs: number): PlanAnswers {
  const of = (kind: string): unknown[] =>
    [...results].filter(([part]) => part.startsWith(`${kind}:`)).map(([, result]) => result);
  const organization = OrganizationReading.safeParse(results.get('organization'));
  return {
    organization: organization.data ?? {
      worker: '',
      matcherKeys: [],
      inventory: { state: 'unreadable', nodes: 0, detail: 'not read in time' },
      accounts: 0,
      error: `the accounts were not listed within ${timeoutMs / 60_000} minutes`,
      cleanUp: null,
    },
    accounts: of('account').map((result) => AccountReading.parse(result)),
    targets: of('target').map((result) => TargetReading.parse(result)),
    unanswered: unanswered.filter((part) => part !== 'organization'),
  };
}

function loadOf({ accounts, targets }: PlanAnswers): Load {
  return {
    accounts: accounts.length,
    sessions: accounts.reduce((sum, { roles }) => sum + roles, 0),
    regionCalls: accounts.reduce((sum, { regionCalls }) => sum + regionCalls, 0),
    targets: targets.map(({ target, listed, managed, hostManagement, batches }) => ({
      accountId: target.accountId,
      listed,
      managed,
      hasUnmanaged: hostManagement !== null,
      batches: batches.map(({ instances }) => instances),
    })),
  };
}

function limitsOf(config: MusterConfig, workers: number): LoadLimits {
  return {
    ...config.limits,
    ramp: config.rollout.ramp,
    readers: config.worker.discoveryConcurrency * workers,
    sendPace: shareOf(config.pacing, 'ssm:SendCommand'),
    installSeconds: ASSUMPTIONS.installSeconds / config.speed,
    pollFirstSeconds: config.install.pollFirstMs / 1_000,
    pollMaxSeconds: config.install.pollMaxMs / 1_000,
  };
}

/** A worker with other matchers plans something else than this file says. */
function skewOf(config: MusterConfig, { organization }: PlanAnswers): readonly PlanWarning[] {
  const here = config.matchers.map(({ key }) => key).join(' ');
  if (organization.matcherKeys.length === 0 || organization.matcherKeys.join(' ') === here) return [];
  const message = `The worker ${organization.worker} has another configuration than this command: the plan is the worker’s. Give both the same file and restart the worker.`;
  return [{ kind: 'config-skew', scope: 'all', message }];
}

function holdsOfConfig(config: MusterConfig): readonly PlanWarning[] {
  if (!config.paused) return [];
  const message = 'muster.paused is true: nothing is sent until it is false and the workers are restarted.';
  return [{ kind: 'sends-held', scope: 'all', message }];
}

/** Windows that hold first sends just now, each by itself and wherever it is. @param nowMs the ledger's time */
export function freezesOf({ freeze }: Pick<MusterConfig, 'freeze'>, nowMs: number): readonly PlanWarning[] {
  return freeze.flatMap((window) => {
    const everywhere = { ...window, units: null, accounts: null, regions: null };
    const inForce = freezeOver([everywhere], 'sends', null, nowMs);
    if (inForce === null) return [];
    const { units, accounts, regions } = window;
    const places = [...(units ?? []), ...(accounts ?? []), ...(regions ?? [])];
    const where = places.length === 0 ? '' : ` for ${places.join(', ')}`;
    return [
      { kind: 'sends-held', scope: 'all', message: `In the ${describeFreeze(inForce)}${where}.` } as const,
    ];
  });
}

/** What would keep the first send from starting, as far as reading tells. */
function holdsOf(config: MusterConfig): Promise<readonly PlanWarning[]> {
  return withLedger(config, async (ledger, clock) => {
    const warnings = [...holdsOfConfig(config), ...freezesOf(config, clock.now())];
    const pauses = await ledger.control.pauses();
    for (const { scope, by, reason } of pauses) {
      const why = reason === '' ? '' : ` (${reason})`;
      const message = `Paused by ${PAUSERS[by].toLowerCase()}${why}; lift it with muster resume.`;
      warnings.push({ kind: 'sends-held', scope, message });
    }
    const { commandsSent } = await ledger.statistics.read();
    if (config.limits.holdFirstSend && commandsSent === 0) {
      const message = 'A first run holds before its first send; let it go with: muster resume --all';
      warnings.push({ kind: 'sends-held', scope: 'all', message });
    }
    return warnings;
  });
}
