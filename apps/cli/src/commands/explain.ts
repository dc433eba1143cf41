import type { Command } from 'commander';
import { InstanceId } from '@muster/core/organization/ids';
import { explainInstance, type Explanation } from '@muster/core/reports/explain-instance';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { withLedger } from '../open-ledger.ts';

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
      const explanation = await withLedger(config, (ledger, clock) =>
        explainInstance({ ledger, config, nowMs: clock.now() }, id.data),
      );
      if (explanation === null) {
        throw new CommandError(
          EXIT.failed,
          `${id.data} is not known: no scan of an account and region in scope has seen it. See muster coverage for what could not be read.`,
        );
      }
      process.stdout.write(
        `${options.json === true ? JSON.stringify(explanation) : formatExplanation(explanation)}\n`,
      );
    });
}

function formatExplanation(explanation: Explanation): string {
  const lines = [
    `${explanation.instanceId} in ${explanation.accountId} ${explanation.region}: ${explanation.state}${explanation.since === null ? '' : ` since ${explanation.since}`}`,
  ];
  if (explanation.cause !== null) {
    lines.push(
      `  why      ${explanation.cause}: ${explanation.title}`,
      `  who      ${explanation.owner}`,
      `  remedy   ${explanation.remedy}`,
    );
  }
  if (explanation.nextAttemptAt !== null) lines.push(`  next     ${explanation.nextAttemptAt}`);
  if (explanation.waitsFor !== null) lines.push(`  waits    ${explanation.waitsFor}`);
  if (explanation.pausedBy !== null) lines.push(`  paused   ${explanation.pausedBy}`);
  lines.push(`  matcher  ${explanation.matcher ?? 'none of this configuration'}`);
  lines.push(
    `  target   ${explanation.targetStatus ?? 'unknown'}, last tried ${explanation.targetLastRead ?? 'not known'}, last read whole ${explanation.targetLastComplete ?? 'not known'}`,
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
