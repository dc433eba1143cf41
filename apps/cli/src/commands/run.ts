import type { Command } from 'commander';
import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import { readOrganizationStatus } from '@muster/core/reports/organization-status';
import { createClock, randomShare } from '@muster/core/runtime/clock';
import type { Logger } from '@muster/core/runtime/logger-port';
import { awaitLabels } from '@muster/worker/inventory/await-labels';
import { confirmFailures } from '@muster/worker/inventory/confirm-failures';
import { awaitSettled, type Settled } from '../await-settled.ts';
import { type CommandContext, CommandError, EXIT, type ExitCode } from '../command-context.ts';
import { formatStatus } from '../format-status.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';
import { runUntilSignal, startPart } from '../run-process.ts';

/** How long the last look waits for a fresh inventory. */
const INVENTORY_PATIENCE_MS = 30_000;

/** `muster run [--once]`: everything in one process, for small organizations. */
export function addRunCommand(program: Command, context: CommandContext): void {
  program
    .command('run')
    .description('scheduler and worker in one process')
    .option(
      '--once',
      'until every target was read and nothing is in flight, or hosts wait for a person; exit code 0 complete, 2 partial or waiting, 1 failed',
    )
    .option('--json', 'with --once: end with the status as one line of JSON')
    .action(async (options: { once?: boolean; json?: boolean }) => {
      if (options.json === true && options.once !== true) {
        throw new CommandError(EXIT.usage, '--json is for --once: without it a run has no result');
      }
      const config = readConfig(context.env, context.configOption());
      const once =
        options.once === true
          ? (log: Logger, signal: AbortSignal) => untilSettled(config, log, signal)
          : undefined;
      const settled = await runUntilSignal(
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
            lost: Promise.race([scheduler.lost, worker.lost]),
            stop: async () => {
              // Side by side: each of them may have to wait for a Redis that says nothing.
              await Promise.all([worker.stop(), scheduler.stop()]);
            },
          };
        },
        once,
      );
      if (settled === null) return;
      process.stdout.write(`${options.json === true ? JSON.stringify(viewOf(settled)) : format(settled)}\n`);
      context.exit(exitCodeOf(settled));
    });
}

async function untilSettled(config: MusterConfig, log: Logger, signal: AbortSignal): Promise<Settled | null> {
  return withLedger(config, (ledger) => watchUntilSettled(ledger, config, log, signal), 'patient');
}

async function watchUntilSettled(
  ledger: Ledger,
  config: MusterConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<Settled | null> {
  const settled = await awaitSettled(ledger, config, signal);
  if (settled === null) return null;
  for (const { reason, scope, instances, message, remedy } of settled.waiting) {
    log.warn({ reason, scope, instances, why: message, remedy }, 'hosts wait');
  }
  const clock = createClock();
  // An inventory that could not be read so far has been waited for already.
  if (!settled.waiting.some(({ reason }) => reason === 'inventory')) {
    await confirmFailures({ ledger, config, clock, random: randomShare }, INVENTORY_PATIENCE_MS);
  }
  const left = await awaitLabels({ ledger, config, clock });
  if (left !== null) log.warn({ ...left }, 'labels are left for a later run');
  const status = await readOrganizationStatus(ledger, clock.now());
  // The next sweep may have begun meanwhile: the verdict is the one that this run ends with.
  return { ...settled, status: { ...status, sweep: settled.status.sweep } };
}

/** The status as `status --json` has it, and what waits. */
function viewOf({ status, waiting }: Settled): object {
  return {
    ...status,
    waiting: waiting.map(({ untilMs, ...one }) => ({
      ...one,
      until: untilMs === null ? null : new Date(untilMs).toISOString(),
    })),
  };
}

function format({ status, waiting }: Settled): string {
  if (waiting.length === 0) return formatStatus(status);
  const lines = waiting.flatMap(({ instances, message, remedy }) => [
    `  ${String(instances).padStart(6)}  ${message}`,
    `          ${remedy}`,
  ]);
  return [formatStatus(status), '', 'Hosts that wait:', ...lines].join('\n');
}

function exitCodeOf({ status, waiting }: Settled): ExitCode {
  const { verdict } = status.sweep;
  if (verdict === 'complete') return waiting.length === 0 ? EXIT.ok : EXIT.partial;
  return verdict === 'partial' ? EXIT.partial : EXIT.failed;
}
