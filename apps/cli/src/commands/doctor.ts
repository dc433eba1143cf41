import type { Command } from 'commander';
import { configPath } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import {
  AccountCheckup,
  type Check,
  type CheckStatus,
  failed,
  OrganizationCheckup,
  skipped,
  TeleportCheckup,
  warned,
} from '@muster/core/reports/doctor/check';
import { assembleDoctorReport, type DoctorReport } from '@muster/core/reports/doctor/doctor-report';
import { stackSetScript, stackSetTargets } from '@muster/core/reports/doctor/stack-set-targets';
import { SILENT } from '@muster/core/runtime/logger-port';
import { messageOf } from '@muster/core/runtime/errors';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { examplesText } from '../examples-text.ts';
import { checkConfiguration, checkRedisHere, type RedisCheckup } from '../check-here.ts';
import { type CommandContext, CommandError, EXIT, type ExitCode } from '../command-context.ts';
import {
  askHere,
  askWorkers,
  type Gathered,
  gatherReport,
  parseTimeout,
  showProgress,
  TIMEOUT_OPTION,
} from '../gather-report.ts';
import { HOME_REGIONS } from '../init/settings.ts';
import { whyNotWritable, writeNamedFile } from '../write-named-file.ts';

interface Options {
  readonly json?: boolean;
  readonly local?: boolean;
  readonly missingRoles?: string;
  readonly timeout: string;
}

const PICKUP_MS = 30_000;

/** `muster doctor`: is everything there that a run needs, and if not, what exactly is to be done. */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('preflight: configuration, Redis, credentials, every account’s role, SSM, Teleport')
    .option('--json', 'one document (docs/doctor.md)')
    .option(
      '--local',
      'check AWS and Teleport from here, with this shell’s credentials, not from the workers',
    )
    .option('--missing-roles <file>', 'write the accounts that lack the role, as StackSet targets')
    .option(...TIMEOUT_OPTION)
    .addHelpText('after', examplesText('muster doctor', 'muster doctor --missing-roles targets.json'))
    .action(async (options: Options) => {
      const timeoutMs = parseTimeout(options.timeout);
      if (options.missingRoles !== undefined) checkWritable(options.missingRoles);
      const path = configPath(context.configOption(), context.env);
      const { config, check } = checkConfiguration(path, context.env);
      const report =
        config === null
          ? reportOf(Date.now(), 'local', [check], null)
          : await examine(config, check, options.local === true, timeoutMs);
      process.stdout.write(`${options.json === true ? JSON.stringify(report) : formatDoctor(report)}\n`);
      if (options.missingRoles !== undefined && config !== null) {
        writeMissingRoles(options.missingRoles, report, config);
      }
      context.exit(config === null ? EXIT.config : exitCodeOf(report));
    });
}

async function examine(
  config: MusterConfig,
  configuration: Check,
  isLocal: boolean,
  timeoutMs: number,
): Promise<DoctorReport> {
  const startedAtMs = Date.now();
  const redis = await checkRedisHere(config, isLocal);
  const checks = [configuration, ...redis.checks];
  const ranBy = isLocal ? 'local' : 'workers';
  if (!isLocal && !canAsk(redis)) {
    const detail = 'not checked: no worker can be asked (muster doctor --local asks from here)';
    const others = (['credentials', 'organization', 'proxy', 'inventory'] as const).map((id) =>
      skipped(id, detail),
    );
    return reportOf(startedAtMs, ranBy, [...checks, ...others], null);
  }
  const gathered = await gather(config, isLocal, timeoutMs);
  if (!gathered.begun) checks.push(silentWorker());
  return reportOf(startedAtMs, ranBy, [...checks, ...skewOf(config, gathered)], gathered);
}

function canAsk(redis: RedisCheckup): boolean {
  return redis.usable && redis.workers !== 0;
}

async function gather(config: MusterConfig, isLocal: boolean, timeoutMs: number): Promise<Gathered> {
  const log = SILENT;
  const source = isLocal ? await askHere(config, log) : askWorkers(config, log);
  const progress = showProgress('doctor');
  try {
    return await gatherReport(source, {
      purpose: 'check',
      parts: ['organization', 'teleport'],
      timeoutMs,
      pickupMs: PICKUP_MS,
      onProgress: progress.update,
    });
  } finally {
    progress.end();
    await source.close();
  }
}

function silentWorker(): Check {
  return failed(
    'worker',
    'worker-silent',
    `no worker took the job within ${PICKUP_MS / 1_000} s`,
    'See the logs of the workers, and whether they use the same Redis, database and prefix (muster.redis); a restart of the workers loads a newer release.',
  );
}

/** A worker that was started with another file checks something else than this one says. */
function skewOf(config: MusterConfig, { results }: Gathered): readonly Check[] {
  const organization = OrganizationCheckup.safeParse(results.get('organization'));
  if (!organization.success) return [];
  const here = config.matchers.map(({ key }) => key).join(' ');
  if (organization.data.matcherKeys.join(' ') === here) return [];
  return [
    warned(
      'configuration',
      'configuration-skew',
      `the worker ${organization.data.worker} has other matchers than this file; its own were checked`,
      'Give both the same file and restart the worker.',
      { subject: 'worker' },
    ),
  ];
}

function reportOf(
  startedAtMs: number,
  ranBy: DoctorReport['ranBy'],
  checks: readonly Check[],
  gathered: Gathered | null,
): DoctorReport {
  const results = gathered?.results ?? new Map<string, unknown>();
  const organization = OrganizationCheckup.safeParse(results.get('organization')).data;
  const teleport = TeleportCheckup.safeParse(results.get('teleport')).data;
  const accounts = [...results]
    .filter(([part]) => part.startsWith('account:'))
    .map(([, result]) => AccountCheckup.parse(result));
  return assembleDoctorReport({
    startedAtMs,
    finishedAtMs: Date.now(),
    ranBy,
    worker: organization?.worker ?? null,
    managementAccountId: organization?.managementAccountId ?? null,
    checks: [...checks, ...(organization?.checks ?? []), ...(teleport?.checks ?? [])],
    accounts,
    unanswered: gathered?.unanswered ?? [],
  });
}

/** Before the checks: they may take minutes. */
function checkWritable(file: string): void {
  for (const path of [file, `${file}.sh`]) {
    const problem = whyNotWritable(path);
    if (problem !== null) throw new CommandError(EXIT.failed, `--missing-roles: ${path} ${problem}`);
  }
}

function writeMissingRoles(file: string, report: DoctorReport, config: MusterConfig): void {
  const targets = stackSetTargets(report, HOME_REGIONS[config.matchers[0]?.partition ?? 'aws']);
  try {
    writeNamedFile(file, `${JSON.stringify(targets, null, 2)}\n`);
    writeNamedFile(`${file}.sh`, stackSetScript(targets));
  } catch (error) {
    throw new CommandError(EXIT.failed, `--missing-roles: ${messageOf(error)}`);
  }
  process.stderr.write(
    `${targets.accounts.length} accounts lack the role: ${file} (JSON), ${file}.sh (commands)\n`,
  );
}

function exitCodeOf({ verdict }: DoctorReport): ExitCode {
  if (verdict === 'fail') return EXIT.failed;
  return verdict === 'partial' ? EXIT.partial : EXIT.ok;
}

const MOST_ACCOUNTS = 10;
const WORDS: Readonly<Record<CheckStatus, string>> = { pass: 'ok', warn: 'WARN', fail: 'FAIL', skipped: '-' };

/** The report as people read it in a terminal: one entry per kind of outcome, with the accounts it is true of. */
function formatDoctor(report: DoctorReport): string {
  const { summary, accounts, agents } = report;
  const groups = Map.groupBy(report.checks, groupKey);
  const lines = [...groups.values()].flatMap(describeGroup);
  const share = agents.running === 0 ? '' : `, agents online ${agents.online} of ${agents.running}`;
  const skipped = accounts.skipped > 0 ? `, ${accounts.skipped} not active` : '';
  return [
    ...lines,
    '',
    `Accounts   ${accounts.total}: ${accounts.ok} ok, ${accounts.failed} failed${skipped}${share}`,
    `Verdict    ${report.verdict}: ${summary.pass} passed, ${summary.warn} warnings, ${summary.fail} failed, ${summary.skipped} skipped${report.worker === null ? '' : `; answered by ${report.worker}`}`,
  ].join('\n');
}

/** The role's ARN names the account, so it does not tell kinds of outcome apart. */
function groupKey({ id, subject, accountId, status, cause }: Check): string {
  const what = id === 'account-role' && accountId !== null ? '' : (subject ?? '');
  return [id, what, accountId === null ? 'all' : 'account', status, cause ?? ''].join('|');
}

function describeGroup(checks: readonly Check[]): readonly string[] {
  const [first] = checks;
  if (first === undefined) return [];
  const { id, subject, status, detail, remedy, accountId } = first;
  const isManifold = accountId !== null;
  const name = subject === null || id === 'account-role' ? id : terminalLine(`${id} ${subject}`);
  const head = `${WORDS[status].padEnd(5)} ${name}`;
  if (isManifold && status === 'pass') return [`${head}: ${checks.length} accounts`];
  const about = isManifold ? ` in ${describeAccounts(checks)}` : '';
  return [
    `${head}${about}: ${checks.length > 1 ? `${accountId ?? ''}: ` : ''}${indentLines(detail)}`,
    ...(remedy === null ? [] : [`      → ${indentLines(remedy)}`]),
  ];
}

function describeAccounts(checks: readonly Check[]): string {
  const ids = [...new Set(checks.map(({ accountId }) => accountId))];
  const more = ids.length - MOST_ACCOUNTS;
  const shown = ids.slice(0, MOST_ACCOUNTS).join(', ');
  const count = ids.length === 1 ? '1 account' : `${ids.length} accounts`;
  return `${count} (${shown}${more > 0 ? `, and ${more} more` : ''})`;
}

/** Text of AWS and of scripts: its lines stand further in than ours, so that none passes for one of them. */
function indentLines(text: string): string {
  return text.split('\n').map(terminalLine).join('\n        ');
}
