import type { Command } from 'commander';
import { formatExplanation } from '@muster/core/reports/explain-instance';
import { type CommandContext, CommandError, EXIT } from '../command-context.ts';
import { examplesText } from '../examples-text.ts';
import { parseId } from '../parse-ids.ts';
import { withSource } from '../sources/with-source.ts';

/** `muster explain INSTANCE`: why it is, or is not, enrolled. */
export function addExplainCommand(program: Command, context: CommandContext): void {
  program
    .command('explain')
    .argument('<instance>', 'an EC2 instance id')
    .option('--json', 'one line of JSON')
    .description('why an instance is, or is not, enrolled')
    .addHelpText('after', examplesText('muster explain i-0123456789abcdef0'))
    .action(async (text: string, options: { json?: boolean }) => {
      const id = parseId('instance', text, null);
      const explanation = await withSource(context, (source) => source.explain(id));
      if (explanation === null) {
        throw new CommandError(
          EXIT.usage,
          `${id} is not known: no scan of an account and region in scope has seen it. See muster coverage for what could not be read.`,
        );
      }
      process.stdout.write(
        `${options.json === true ? JSON.stringify(explanation) : formatExplanation(explanation)}\n`,
      );
    });
}
