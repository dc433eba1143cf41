import type { Command } from 'commander';
import { explainConfig } from '@muster/core/config/explain';
import { formatFaults } from '@muster/core/config/source/report';
import { configPath, loadConfig } from '@muster/core/config/load-config';
import { type CommandContext, CommandError, EXIT } from '../command-context.ts';

/** `muster config check [FILE]`: every fault at once, or what the file means. */
export function addConfigCommand(program: Command, context: CommandContext): void {
  program
    .command('config')
    .description('the configuration')
    .command('check')
    .argument('[file]', 'the file to read')
    .description('parse the configuration and explain what it means')
    .action((file: string | undefined) => {
      const result = loadConfig(configPath(file ?? context.configOption(), context.env), context.env);
      if (!result.ok) throw new CommandError(EXIT.config, formatFaults(result.faults));
      if (result.notes.length > 0) process.stderr.write(`${formatFaults(result.notes)}\n\n`);
      process.stdout.write(`${explainConfig(result.config)}\n`);
    });
}
