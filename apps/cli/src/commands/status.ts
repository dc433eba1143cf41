import type { Command } from 'commander';
import { readOrganizationStatus } from '@muster/core/reports/organization-status';
import { type CommandContext, EXIT } from '../command-context.ts';
import { formatStatus } from '../format-status.ts';
import { moveOnTerminal } from '../guarded-output.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';

const WATCH_MS = 1_000;

/** `muster status [--json] [--watch]`: where the organization stands. */
export function addStatusCommands(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('where the organization stands')
    .option('--json', 'one line of JSON (docs/status-json.md)')
    .option('--watch', 'again every second')
    .action(async (options: { json?: boolean; watch?: boolean }) => {
      const config = readConfig(context.env, context.configOption());
      await withLedger(config, async (ledger, clock) => {
        for (;;) {
          const status = await readOrganizationStatus(ledger, clock.now());
          const text = options.json === true ? JSON.stringify(status) : formatStatus(status);
          if (options.watch === true && options.json !== true) moveOnTerminal(process.stdout, 'erase-screen');
          process.stdout.write(`${text}\n`);
          if (options.watch !== true) return;
          await new Promise((resolve) => {
            setTimeout(resolve, WATCH_MS);
          });
        }
      });
      context.exit(EXIT.ok);
    });
}
