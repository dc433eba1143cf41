import type { Command } from 'commander';
import { faultOfScope } from '@muster/core/control/known-scope';
import { makeScope, printScope, type Scope, SCOPE_KINDS } from '@muster/core/control/scope';
import { catalog } from '@muster/core/jobs/catalog';
import { readResumeEffects } from '@muster/core/control/resume-effects';
import { liveCommands, readTouched } from '@muster/core/control/touched-hosts';
import { actByCommand, commandActor } from '../act-by-command.ts';
import {
  type ActOptions,
  examples,
  mayAct,
  printDone,
  tellTouched,
  withActOptions,
} from '../ask-before-act.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import type { MusterConfig } from '@muster/core/config/model';
import { createRedisLedger } from '@muster/core/control/ledger';
import type { JobQueue } from '@muster/core/jobs/queue/enqueue';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { SILENT } from '@muster/core/runtime/logger-port';
import { createClock } from '@muster/core/runtime/clock';
import { plural } from '@muster/core/runtime/wording';
import { openApi } from '../api/open-api.ts';
import { parseId } from '../parse-ids.ts';
import { openingFailure, PATIENCE_MS, refuseForeignLedger, withLedger } from '../open-ledger.ts';

/** `muster pause` and `muster resume`: what is paused finishes what it began, and begins nothing. */
export function addPauseCommands(program: Command, context: CommandContext): void {
  const pause = program.command('pause').description('stop sending: no send starts after this');
  withActOptions(withScope(pause))
    .option('--reason <text>', 'why, shown with the pause', 'by an operator')
    .addHelpText('after', examples('muster pause --account 111122223333 --reason "network work"'))
    .action(async (options: ActOptions & ScopeOptions & { reason?: string }) => {
      const scope = scopeOfOptions(options);
      if (await actedByApi(context, 'pause', scope, options)) return;
      const config = readConfig(context.env, context.configOption());
      await withLedger(config, async (ledger, clock) => {
        await requireKnownScope(ledger, scope);
        const told = tellTouched('pause', scope, await readTouched(ledger, 'pause', scope));
        if (!(await mayAct(told, options))) return;
        const actor = commandActor(context.env);
        await actByCommand(
          { config, ledger, clock, actor },
          'pause',
          { kind: 'scope', scope },
          options.reason,
        );
        printDone(told, options, `paused ${printScope(scope)}`);
      });
    });
  const resume = program.command('resume').description('send again; --all also ends the hold of a first run');
  withActOptions(withScope(resume))
    .addHelpText('after', examples('muster resume --all --dry-run'))
    .action(async (options: ActOptions & ScopeOptions) => {
      const scope = scopeOfOptions(options);
      if (await actedByApi(context, 'resume', scope, options)) return;
      const config = readConfig(context.env, context.configOption());
      await withLedger(config, async (ledger, clock) => {
        await requireKnownScope(ledger, scope, true);
        const { ends, stillPaused } = await readResumeEffects(ledger, config, scope);
        const touched = await readTouched(ledger, 'resume', scope, new Set(stillPaused));
        const told = tellTouched('resume', scope, touched, { ends, stillPaused });
        if (!(await mayAct(told, options))) return;
        const actor = commandActor(context.env);
        const { message } = await actByCommand({ config, ledger, clock, actor }, 'resume', {
          kind: 'scope',
          scope,
        });
        const configured = config.paused ? ' (muster.paused still holds every send)' : '';
        printDone(told, options, `${message}${configured}`);
      });
    });
}

/** `muster retry` and `muster cancel`: what failed is tried now; what runs is asked to stop. */
export function addRetryCommands(program: Command, context: CommandContext): void {
  const retry = program.command('retry').description('try failed and ineligible instances again now');
  withActOptions(withScope(retry))
    .addHelpText('after', examples('muster retry --cause host-disk-full --dry-run'))
    .action(async (options: ActOptions & ScopeOptions) => {
      const scope = scopeOfOptions(options);
      if (await actedByApi(context, 'retry', scope, options)) return;
      const config = readConfig(context.env, context.configOption());
      await withLedger(config, async (ledger, clock) => {
        await requireKnownScope(ledger, scope);
        const told = tellTouched('retry', scope, await readTouched(ledger, 'retry', scope));
        if (!(await mayAct(told, options))) return;
        const actor = commandActor(context.env);
        const asked = { kind: 'scope', scope } as const;
        const { hosts, accounts } = await actByCommand({ config, ledger, clock, actor }, 'retry', asked);
        printDone(told, options, `${plural(hosts, 'instance')} will be tried again`, { hosts, accounts });
      });
    });
  const cancel = program.command('cancel').description('ask SSM to cancel live commands');
  withActOptions(withScope(cancel))
    .addHelpText('after', examples('muster cancel --account 111122223333'))
    .action(async (options: ActOptions & ScopeOptions) => {
      const scope = scopeOfOptions(options);
      if (scope.kind === 'cause') {
        throw new CommandError(
          EXIT.usage,
          'a live command has no cause yet: cancel by --account, --region or --instance',
        );
      }
      if (await actedByApi(context, 'cancel', scope, options)) return;
      const config = readConfig(context.env, context.configOption());
      await withLedger(config, async (ledger, clock) => {
        await requireKnownScope(ledger, scope);
        const commands = (await liveCommands(ledger, scope)).length;
        const told = tellTouched('cancel', scope, await readTouched(ledger, 'cancel', scope), { commands });
        if (!(await mayAct(told, options))) return;
        const actor = commandActor(context.env);
        let asked = 0;
        const { hosts, accounts } = await withJobQueue(config, (queue) =>
          actByCommand(
            {
              config,
              ledger,
              clock,
              actor,
              enqueueCancels: async (payloads) => {
                await queue.enqueueMany(catalog['cancel-command'], payloads);
                asked += payloads.length;
              },
            },
            'cancel',
            { kind: 'scope', scope },
          ),
        );
        printDone(
          told,
          options,
          `${plural(asked, 'cancellation')} ${asked === 1 ? 'was' : 'were'} asked for`,
          {
            hosts,
            accounts,
            commands: asked,
          },
        );
      });
    });
}

/** Whether a scheduler's API was named, and has done it. */
async function actedByApi(
  context: CommandContext,
  kind: 'pause' | 'resume' | 'retry' | 'cancel',
  scope: Scope,
  options: ActOptions & { readonly reason?: string },
): Promise<boolean> {
  const client = await openApi(context);
  if (client === null) return false;
  const { actByApi } = await import('../api/act-by-api.ts');
  const { reason = '' } = options;
  await actByApi(client, { kind, selection: { scope: printScope(scope) }, reason }, options);
  return true;
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
  if (kind === 'account' || kind === 'region' || kind === 'instance') parseId(kind, value);
  const scope = makeScope(kind, value);
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
  const log = SILENT;
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
