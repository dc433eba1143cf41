import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import {
  isSettled,
  type OrganizationStatus,
  readOrganizationStatus,
} from '@muster/core/reports/organization-status';
import { readWaitingHosts, type WaitingHosts } from '@muster/core/rollout/waiting-hosts';
import type { LedgerClock } from '@muster/core/runtime/clock-port';
import { createClock, randomShare } from '@muster/core/runtime/clock';
import type { Logger } from '@muster/core/runtime/logger-port';
import { awaitLabels } from '@muster/worker/inventory/write-labels';
import { confirmFailures } from '@muster/worker/inventory/verify-joined';
import { examplesText } from '../examples-text.ts';
import { type CommandContext, CommandError, EXIT, type ExitCode, readConfig } from '../command-context.ts';
import { formatStatus } from './status.ts';
import { withLedger } from '../open-ledger.ts';
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
    .addHelpText('after', examplesText('muster run', 'muster run --once --json'))
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
        async (tools) => {
          const scheduler = await startPart('scheduler', config, tools);
          const worker = await startPart('worker', config, tools, options.once === true).catch(
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
  const clock = await clockOf(ledger);
  // An inventory that could not be read so far has been waited for already.
  if (!settled.waiting.some(({ reason }) => reason === 'inventory')) {
    await confirmFailures({ ledger, config, clock, random: randomShare }, INVENTORY_PATIENCE_MS);
  }
  const left = await awaitLabels({ ledger, config, clock });
  if (left !== null) log.warn({ ...left }, 'labels are left for a later run');
  const status = await readOrganizationStatus(ledger, clock.now(), undefined, config.rollout.waves);
  // The next sweep may have begun meanwhile: the verdict is the one that this run ends with.
  return { ...settled, status: { ...status, sweep: settled.status.sweep } };
}

/** The status as `status --json` has it, and what waits. */
function viewOf({ status, waiting }: Settled): object {
  return {
    ...status,
    waiting: waiting.map(({ reason, scope, instances, message, remedy, untilMs }) => ({
      reason,
      scope,
      instances,
      message,
      remedy,
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

const LOOK_MS = 500;
/**
 * How long nothing may move before a run ends although what is left could go on by itself. Real time, at any simulated speed:
 * work whose process died, or whose hint was lost, is handed out again within a minute.
 */
const PATIENCE_MS = 120_000;
/** The same for an inventory that cannot be read, which is tried every few seconds. Simulated time, and the least of it. */
const UNREAD_INVENTORY_MS = { simulated: 120_000, least: 15_000 } as const;

/** Where a run that ends by itself has come to. */
interface Settled {
  readonly status: OrganizationStatus;
  /** Hosts that are ready and not sent to, and why; empty when everything is done. */
  readonly waiting: readonly WaitingHosts[];
}

/**
 * Waits until every target was read and nothing is in flight, or nothing more will happen: what is left waits for a person,
 * or has not moved for minutes.
 *
 * @param onLook called with each look at the status
 * @returns null when `signal` came first
 */
export async function awaitSettled(
  ledger: Ledger,
  config: MusterConfig,
  signal: AbortSignal,
  onLook?: (status: OrganizationStatus) => void,
): Promise<Settled | null> {
  const hasInventory = config.inventory.kind !== 'none';
  let counts = '';
  const clock = await clockOf(ledger);
  let stillSinceMs = clock.monotonicMs();
  while (!signal.aborted) {
    const status = await readOrganizationStatus(ledger, clock.now(), undefined, config.rollout.waves);
    onLook?.(status);
    if (isSettled(status, hasInventory)) return { status, waiting: [] };
    const now = JSON.stringify([status.instances.byState, status.commands]);
    if (now !== counts) stillSinceMs = clock.monotonicMs();
    counts = now;
    if (isStill(status)) {
      const waiting = await readWaitingHosts(ledger, config, clock.now());
      const isOver = clock.monotonicMs() - stillSinceMs > patienceMsOf(waiting, config.speed);
      if (isOver || endsNow(status, waiting, hasInventory)) return { status, waiting };
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

/** A clock that has Redis's time, whatever the machine's says. */
async function clockOf({ clocks }: Pick<Ledger, 'clocks'>): Promise<LedgerClock> {
  const clock = createClock();
  clock.told((await clocks.compare(clock)).redisNowMs);
  return clock;
}

function patienceMsOf(waiting: readonly WaitingHosts[], speed: number): number {
  const { simulated, least } = UNREAD_INVENTORY_MS;
  const isInventory = waiting.some(({ reason }) => reason === 'inventory');
  return isInventory ? Math.max(simulated / speed, least) : PATIENCE_MS;
}

/** Whether nothing is under way that ends by itself soon. */
function isStill({ sweep, commands, instances: { byState } }: OrganizationStatus): boolean {
  const moving = ['discovered', 'sending', 'installing'].some((state) => (byState[state] ?? 0) > 0);
  return sweep.state === 'finished' && commands.live === 0 && !moving;
}

/**
 * Whether all that is left waits for a person. Hosts that were installed come first: they join, or their time is over. So do
 * hosts that were queued when the counts were read and are not any more: a worker sends to them.
 */
function endsNow(
  { instances: { byState } }: OrganizationStatus,
  waiting: readonly WaitingHosts[],
  hasInventory: boolean,
): boolean {
  if (hasInventory && (byState['installed'] ?? 0) > 0) return false;
  const stillQueued = waiting.reduce((sum, { instances }) => sum + instances, 0);
  return (
    stillQueued > 0 && stillQueued === byState['queued'] && waiting.every(({ needsPerson }) => needsPerson)
  );
}
