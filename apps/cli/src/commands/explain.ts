import { invocationLink } from '@muster/core/domain/console-link';
import { causeFacts } from '@muster/core/domain/cause';
import { pausedBy } from '@muster/core/domain/control';
import type { EnrollmentRecord } from '@muster/core/domain/enrollment/record';
import { InstanceId } from '@muster/core/domain/ids';
import type { Target } from '@muster/core/domain/target';
import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/ports/ledger';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';

/** `muster explain INSTANCE`: why it is, or is not, enrolled. */
export function addExplainCommand(program: Command, context: CommandContext): void {
  program
    .command('explain')
    .argument('<instance>', 'an EC2 instance id')
    .option('--json', 'one line of JSON')
    .description('why an instance is, or is not, enrolled')
    .action(async (text: string, options: { json?: boolean }) => {
      const id = InstanceId.safeParse(text);
      if (!id.success) {
        throw new CommandError(EXIT.usage, `${text}: an EC2 instance id looks like i-0123456789abcdef0`);
      }
      const config = readConfig(context.env, context.configOption());
      const explanation = await withLedger(config, (ledger) => explain(ledger, config, id.data));
      if (explanation === null) {
        throw new CommandError(
          EXIT.failed,
          `${id.data} is not known: no scan has seen it running and matched. See muster coverage for targets that could not be read.`,
        );
      }
      process.stdout.write(
        `${options.json === true ? JSON.stringify(explanation) : formatExplanation(explanation)}\n`,
      );
    });
}

/** `explain --json` (docs/status-json.md). */
interface Explanation {
  readonly instanceId: string;
  readonly accountId: string;
  readonly region: string;
  readonly state: string;
  readonly since: string;
  readonly cause: string | null;
  readonly title: string | null;
  readonly owner: string | null;
  readonly remedy: string | null;
  readonly nextAttemptAt: string | null;
  readonly pausedBy: string | null;
  readonly matcher: string | null;
  readonly targetLastRead: string | null;
  readonly targetStatus: string | null;
  readonly attempts: readonly {
    readonly endedAt: string;
    readonly commandId: string | null;
    readonly link: string | null;
    readonly cause: string | null;
    readonly exitCode: number | null;
    readonly output: string;
  }[];
  readonly attemptCount: number;
}

async function explain(ledger: Ledger, config: MusterConfig, id: InstanceId): Promise<Explanation | null> {
  for (const target of await ledger.enrollments.populated()) {
    const stored = (await ledger.enrollments.read(target, [id])).get(id);
    if (stored !== undefined) return describe(ledger, config, target, stored.value);
  }
  return null;
}

async function describe(
  ledger: Ledger,
  config: MusterConfig,
  target: Target,
  record: EnrollmentRecord,
): Promise<Explanation> {
  const cause = record.state === 'failed' || record.state === 'ineligible' ? record.cause : null;
  const facts = cause === null ? null : causeFacts(cause);
  const coverage = await ledger.coverage.read(target);
  const pauses = new Set<string>((await ledger.control.pauses()).map((pause) => pause.scope));
  const matcher = config.matchers.find((one) => one.key === record.matcherKey);
  return {
    instanceId: record.instanceId,
    ...target,
    state: record.state,
    since: isoTime(record.changedAtMs),
    cause,
    title: facts?.title ?? null,
    owner: facts?.owner ?? null,
    remedy: facts?.remedy ?? null,
    nextAttemptAt: record.state === 'failed' ? isoTime(record.nextAttemptAtMs) : null,
    pausedBy: pausedBy(pauses, { ...target, instanceId: record.instanceId, cause }),
    matcher: matcher?.label ?? null,
    targetLastRead:
      coverage === null || coverage.attemptedAtMs === 0 ? null : isoTime(coverage.attemptedAtMs),
    targetStatus: coverage?.status ?? null,
    attempts: record.attempts.map((attempt) => ({
      endedAt: isoTime(attempt.endedAtMs),
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
  };
}

function formatExplanation(explanation: Explanation): string {
  const lines = [
    `${explanation.instanceId} in ${explanation.accountId} ${explanation.region}: ${explanation.state} since ${explanation.since}`,
  ];
  if (explanation.cause !== null) {
    lines.push(
      `  why      ${explanation.cause}: ${explanation.title}`,
      `  who      ${explanation.owner}`,
      `  remedy   ${explanation.remedy}`,
    );
  }
  if (explanation.nextAttemptAt !== null) lines.push(`  next     ${explanation.nextAttemptAt}`);
  if (explanation.pausedBy !== null) lines.push(`  paused   ${explanation.pausedBy}`);
  lines.push(`  matcher  ${explanation.matcher ?? 'none of this configuration'}`);
  lines.push(
    `  target   ${explanation.targetStatus ?? 'unknown'}, last read ${explanation.targetLastRead ?? 'never'}`,
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
  return lines.map(terminalLine).join('\n');
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
