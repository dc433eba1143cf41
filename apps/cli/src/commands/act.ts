import { catalog } from '@muster/core/jobs/catalog';
import { cancelScope, pauseScope, resumeScope, retryScope } from '@muster/core/control/operator-acts';
import { printScope } from '@muster/core/control/scope';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { withLedger } from '../open-ledger.ts';
import { withJobQueue } from '../open-queue.ts';
import { readConfig } from '../read-config.ts';
import { requireKnownScope, scopeOfOptions, withScope, type ScopeOptions } from '../scope-options.ts';

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
