import type { Command } from 'commander';
import {
  cancelScope,
  faultOfScope,
  pauseScope,
  resumeScope,
  retryScope,
} from '@muster/core/control/operator-acts';
import { printScope, type Scope, SCOPE_KINDS, scopeOf } from '@muster/core/control/scope';
import { catalog } from '@muster/core/jobs/catalog';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import type { MusterConfig } from '@muster/core/config/model';
import { createRedisLedger } from '@muster/core/control/ledger';
import type { JobQueue } from '@muster/core/jobs/queue/enqueue';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { createClock } from '@muster/core/runtime/clock';
import { createLogger } from '@muster/core/runtime/logger';
import { openingFailure, PATIENCE_MS, refuseForeignLedger, withLedger } from '../open-ledger.ts';

/** `muster pause` and `muster resume`: what is paused finishes what it began, and begins nothing. */
export function addPauseCommands(program: Command, context: CommandContext): void {
  withScope(program.command('pause').description('stop sending: no send starts after this'))
    .option('--reason <text>', 'why, shown with the pause', 'by an operator')
    .action(async (options: ScopeOptions & { reason?: string }) => {
      const scope = scopeOfOptions(options);
      await withLedger(readConfig(context.env, context.configOption()), async (ledger, clock) => {
        await requireKnownScope(ledger, scope);
        await pauseScope({ ledger, clock }, scope, options.reason ?? '');
      });
      process.stdout.write(`paused ${printScope(scope)}\n`);
    });
  withScope(
    program.command('resume').description('send again; --all also ends the hold of a first run'),
  ).action(async (options: ScopeOptions) => {
    const scope = scopeOfOptions(options);
    const config = readConfig(context.env, context.configOption());
    const resumed = await withLedger(config, async (ledger, clock) => {
      await requireKnownScope(ledger, scope, true);
      return resumeScope({ ledger, clock }, scope);
    });
    const configured = config.paused ? ' (muster.paused still holds every send)' : '';
    process.stdout.write(
      `${resumed ? 'resumed' : 'nothing was paused for'} ${printScope(scope)}${configured}\n`,
    );
  });
}

/** `muster retry` and `muster cancel`: what failed is tried now; what runs is asked to stop. */
export function addRetryCommands(program: Command, context: CommandContext): void {
  withScope(program.command('retry').description('try failed and ineligible instances again now')).action(
    async (options: ScopeOptions) => {
      const scope = scopeOfOptions(options);
      const config = readConfig(context.env, context.configOption());
      const { hosts } = await withLedger(config, async (ledger, clock) => {
        await requireKnownScope(ledger, scope);
        return retryScope({ ledger, clock, config, random: Math.random }, scope);
      });
      process.stdout.write(`${hosts} instances will be tried again\n`);
    },
  );
  withScope(program.command('cancel').description('ask SSM to cancel live commands')).action(
    async (options: ScopeOptions) => {
      const scope = scopeOfOptions(options);
      if (scope.kind === 'cause') {
        throw new CommandError(
          EXIT.usage,
          'a live command has no cause yet: cancel by --account, --region or --instance',
        );
      }
      const config = readConfig(context.env, context.configOption());
      const { commands } = await withLedger(config, async (ledger) => {
        await requireKnownScope(ledger, scope);
        return cancelScope({ ledger }, scope, (payloads) =>
          withJobQueue(config, (queue) => queue.enqueueMany(catalog['cancel-command'], payloads)),
        );
      });
      process.stdout.write(`${commands} cancellations were asked for\n`);
    },
  );
}

/** The options by which an operator says what a verb is about. */
interface ScopeOptions {
  readonly all?: boolean;
  readonly account?: string;
  readonly region?: string;
  readonly instance?: string;
  readonly cause?: string;
}

/** Adds `--all`, `--account`, `--region`, `--instance` and `--cause` to a command. */
function withScope(command: Command): Command {
  return command
    .option('--all', 'everything')
    .option('--account <id>', 'one account')
    .option('--region <region>', 'one region')
    .option('--instance <id>', 'one instance')
    .option('--cause <cause>', 'instances with this cause');
}

/** Exactly one of them, checked. Exit code 64 otherwise: a slip must not act on everything. */
export function scopeOfOptions(options: ScopeOptions): Scope {
  const [kind, ...more] = SCOPE_KINDS.filter((one) => options[one] !== undefined);
  if (kind === undefined || more.length > 0) {
    throw new CommandError(EXIT.usage, 'give one of --all, --account, --region, --instance, --cause');
  }
  const value = kind === 'all' ? '' : (options[kind] ?? '');
  const scope = scopeOf(kind, value);
  if (scope !== null) return scope;
  throw new CommandError(EXIT.usage, `--${kind} ${value}: there is no such ${kind}`);
}

/** Refuses a scope that is not there. Exit code 64. @param stands see `faultOfScope` */
async function requireKnownScope(
  ledger: Parameters<typeof faultOfScope>[0],
  scope: Scope,
  stands = false,
): Promise<void> {
  const fault = await faultOfScope(ledger, scope, stands);
  if (fault !== null) throw new CommandError(EXIT.usage, fault);
}

/** Opens the queue for one command and closes it after. BullMQ is loaded only here: no other act needs it. */
async function withJobQueue<T>(config: MusterConfig, use: (queue: JobQueue) => Promise<T>): Promise<T> {
  const log = createLogger({ name: 'cli', level: 'silent' });
  const redis = createRedis({ ...config.redis, profile: 'fail-fast', name: 'muster-cli', log });
  const { createJobQueue } = await import('@muster/core/jobs/queue/enqueue');
  const queue = createJobQueue({ connection: redis, prefix: config.redis.prefix });
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS).catch((error: unknown) => {
      throw openingFailure(error);
    });
    await refuseForeignLedger(createRedisLedger({ redis, prefix: config.redis.prefix, log }), config);
    return await use(queue);
  } finally {
    await queue.close();
    await closeRedis(redis);
  }
}
