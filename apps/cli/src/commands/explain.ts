import type { Command } from 'commander';
import { InstanceId } from '@muster/core/organization/ids';
import { explainInstance, formatExplanation } from '@muster/core/reports/explain-instance';
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
