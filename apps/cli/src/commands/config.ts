import type { Command } from 'commander';
import { explainConfig } from '@muster/core/config/explain';
import { formatFaults } from '@muster/core/config/source/report';
import { configPath, loadConfig } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import { type ConfigDiff, isSameDiff } from '@muster/core/reports/config-diff';
import { readConfigDiff } from '@muster/core/reports/read-config-diff';
import { SILENT } from '@muster/core/runtime/logger-port';
import { createClock } from '@muster/core/runtime/clock';
import { examplesText } from '../examples-text.ts';
import { type CommandContext, CommandError, EXIT } from '../command-context.ts';
import { diffJson, formatConfigDiff } from '../format-config-diff.ts';
import { withLedger } from '../open-ledger.ts';

interface DiffOptions {
  readonly json?: boolean;
  readonly local?: boolean;
  readonly limit: string;
}

/** `muster config`: what a file means, and which hosts another one selects. */
export function addConfigCommand(program: Command, context: CommandContext): void {
  const config = program
    .command('config')
    .description('the configuration')
    .addHelpText(
      'after',
      examplesText('muster config check muster.yaml', 'muster config diff muster.yaml new.yaml'),
    );
  config
    .command('check')
    .argument('[file]', 'the file to read')
    .description('parse the configuration and explain what it means')
    .addHelpText('after', examplesText('muster config check muster.yaml'))
    .action((file: string | undefined) => {
      const result = loadConfig(configPath(file ?? context.configOption(), context.env), context.env);
      if (!result.ok) throw new CommandError(EXIT.config, formatFaults(result.faults));
      if (result.notes.length > 0) process.stderr.write(`${formatFaults(result.notes)}\n\n`);
      process.stdout.write(`${explainConfig(result.config)}\n`);
    });
  config
    .command('diff')
    .argument('<old>', 'the file that Muster works by, whose Redis is asked')
    .argument('<new>', 'the file that it is to work by')
    .description('which hosts a changed file adds, drops or hands over, by the ledger; exit code 2 when any')
    .option('--json', 'one document (docs/status-json.md)')
    .option('--local', 'by the tags that EC2 shows now, with this shell’s credentials, without Redis')
    .option('--limit <accounts>', 'how many accounts are listed', '20')
    .addHelpText('after', examplesText('muster config diff muster.yaml new.yaml'))
    .action(async (old: string, next: string, options: DiffOptions) => {
      const limit = parseLimit(options.limit);
      const [before, after] = readBoth(old, next, context);
      const diff = await (options.local === true ? diffHere(before, after) : diffByLedger(before, after));
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(diffJson(diff, limit))}\n`
          : `${formatConfigDiff(diff, limit)}\n`,
      );
      context.exit(isSameDiff(diff) ? EXIT.ok : EXIT.partial);
    });
}

function diffByLedger(before: MusterConfig, after: MusterConfig): Promise<ConfigDiff> {
  return withLedger(before, (ledger) => readConfigDiff(ledger, before.matchers, after.matchers));
}

async function diffHere(before: MusterConfig, after: MusterConfig): Promise<ConfigDiff> {
  // The AWS SDK, which the other commands do without.
  const { diffLocally } = await import('@muster/worker/diff-locally');
  const log = SILENT;
  return diffLocally({ before, after, clock: createClock(), log, signal: new AbortController().signal });
}

/** Both files, or the faults of both. */
function readBoth(
  old: string,
  next: string,
  { env }: CommandContext,
): readonly [before: MusterConfig, after: MusterConfig] {
  const [before, after] = [loadConfig(old, env), loadConfig(next, env)];
  if (before.ok && after.ok) return [before.config, after.config];
  const faults = [before, after].flatMap((result) => (result.ok ? [] : result.faults));
  throw new CommandError(EXIT.config, formatFaults(faults));
}

function parseLimit(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new CommandError(EXIT.usage, `--limit ${text}: must be a whole number`);
}
