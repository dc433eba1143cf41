import type { MusterConfig } from '@muster/core/config/model';
import {
  isSettled,
  readOrganizationStatus,
  type OrganizationStatus,
} from '@muster/core/ledger/organization-status';
import { createClock, randomShare } from '@muster/core/runtime/clock';
import { awaitLabels } from '@muster/worker/records/await-labels';
import { confirmFailures } from '@muster/worker/records/confirm-failures';
import type { Ledger } from '@muster/core/ports/ledger';
import type { Logger } from '@muster/core/ports/logger';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import { formatStatus } from '../format-status.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';
import { runUntilSignal, startPart } from '../run-process.ts';

const LOOK_MS = 500;
/** How long the last look waits for a fresh inventory. */
const INVENTORY_PATIENCE_MS = 30_000;

/** `muster run [--once]`: everything in one process, for small organizations. */
export function addRunCommand(program: Command, context: CommandContext): void {
  program
    .command('run')
    .description('scheduler and worker in one process')
    .option(
      '--once',
      'until every target was read and nothing is in flight; exit code 0 complete, 2 partial, 1 failed',
    )
    .option('--json', 'with --once: end with the status as one line of JSON')
    .action(async (options: { once?: boolean; json?: boolean }) => {
      if (options.json === true && options.once !== true) {
        throw new CommandError(EXIT.usage, '--json is for --once: without it a run has no result');
      }
      const config = readConfig(context.env, context.configOption());
      const once = options.once === true ? (log: Logger) => untilSettled(config, log) : undefined;
      const status = await runUntilSignal(
        'run',
        config,
        context,
        async (log) => {
          const scheduler = await startPart('scheduler', config, log);
          const worker = await startPart('worker', config, log, options.once === true).catch(
            async (error: unknown) => {
              await scheduler.stop();
              throw error;
            },
          );
          return {
            url: scheduler.url,
            reconfigure: async (reload) => {
              await worker.reconfigure(reload);
              await scheduler.reconfigure(reload);
            },
            stop: async () => {
              await worker.stop();
              await scheduler.stop();
            },
          };
        },
        once,
      );
      if (status === null) return;
      process.stdout.write(`${options.json === true ? JSON.stringify(status) : formatStatus(status)}\n`);
      context.exit(exitCodeOf(status));
    });
}

async function untilSettled(config: MusterConfig, log: Logger): Promise<OrganizationStatus> {
  return withLedger(config, (ledger) => watchUntilSettled(ledger, config, log), 'patient');
}

async function watchUntilSettled(
  ledger: Ledger,
  config: MusterConfig,
  log: Logger,
): Promise<OrganizationStatus> {
  for (;;) {
    const status = await readOrganizationStatus(ledger, Date.now());
    if (isSettled(status, config.inventory.kind !== 'none')) {
      const clock = createClock();
      await confirmFailures({ ledger, config, clock, random: randomShare }, INVENTORY_PATIENCE_MS);
      const left = await awaitLabels({ ledger, config, clock });
      if (left !== null) log.warn({ ...left }, 'labels are left for a later run');
      // The next sweep may have begun meanwhile: the verdict is the one that this run ends with.
      return { ...(await readOrganizationStatus(ledger, clock.now())), sweep: status.sweep };
    }
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

function exitCodeOf(status: OrganizationStatus): ExitCode {
  if (status.sweep.verdict === 'complete') return EXIT.ok;
  return status.sweep.verdict === 'partial' ? EXIT.partial : EXIT.failed;
}
