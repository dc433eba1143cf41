import { CAUSES } from '@muster/core/domain/cause';
import type { Scope } from '@muster/core/domain/control';
import { AccountId, InstanceId, Region } from '@muster/core/domain/ids';
import { targetId } from '@muster/core/domain/target';
import type { Ledger } from '@muster/core/ports/ledger';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';

interface ScopeOptions {
  readonly all?: boolean;
  readonly account?: string;
  readonly region?: string;
  readonly instance?: string;
  readonly cause?: string;
  readonly reason?: string;
}

/** `muster pause` and `muster resume`: what is paused finishes what it began, and begins nothing. */
export function addPauseCommands(program: Command, context: CommandContext): void {
  withScope(program.command('pause').description('stop sending: no send starts after this'))
    .option('--reason <text>', 'why, for whoever looks', 'by an operator')
    .action(async (options: ScopeOptions) => {
      const scope = parseScope(options);
      await withLedger(readConfig(context.env, context.configOption()), (ledger) =>
        ledger.control.pause({ scope, atMs: Date.now(), by: 'operator', reason: options.reason ?? '' }),
      );
      process.stdout.write(`paused ${scope}\n`);
    });
  withScope(program.command('resume').description('send again; --all also ends the hold of a first run')).action(
    async (options: ScopeOptions) => {
      const scope = parseScope(options);
      const config = readConfig(context.env, context.configOption());
      const resumed = await withLedger(config, (ledger) => resume(ledger, scope));
      const configured = config.paused ? ' (muster.paused still holds every send)' : '';
      process.stdout.write(`${resumed ? 'resumed' : 'nothing was paused for'} ${scope}${configured}\n`);
    },
  );
}

/** Ends a pause, a brake, the hold and a suspected loss of inventory, and wakes what waited for it. */
async function resume(ledger: Ledger, scope: Scope): Promise<boolean> {
  let resumed = await ledger.control.resume(scope);
  await ledger.control.clearOutcomes(scope);
  await ledger.control.clear('brake-engaged', scope);
  if (scope === 'all') {
    await ledger.control.releaseHold();
    await ledger.control.clear('hold-first-send', 'all');
    const facts = await ledger.nodes.facts();
    // The smaller inventory is the true one, says the operator: the next reading is not compared with the last.
    if (facts.error?.startsWith('drop') === true) await ledger.nodes.publish({ ...facts, nodes: 0, error: null });
    resumed = true;
  }
  const targets = await ledger.enrollments.populated();
  const atMs = Date.now();
  await ledger.due.schedule('install', targets.map((target) => ({ member: targetId(target), atMs })));
  return resumed;
}

function withScope(command: Command): Command {
  return command
    .option('--all', 'everything')
    .option('--account <id>', 'one account')
    .option('--region <region>', 'one region')
    .option('--instance <id>', 'one instance')
    .option('--cause <cause>', 'instances that last failed for this cause');
}

function parseScope(options: ScopeOptions): Scope {
  const given = (['all', 'account', 'region', 'instance', 'cause'] as const).filter((name) => options[name] !== undefined);
  const [name, ...more] = given;
  if (name === undefined || more.length > 0) {
    throw new CommandError(EXIT.usage, 'give one of --all, --account, --region, --instance, --cause');
  }
  if (name === 'all') return 'all';
  const value = options[name] ?? '';
  const valid = {
    account: () => AccountId.safeParse(value).success,
    region: () => Region.safeParse(value).success,
    instance: () => InstanceId.safeParse(value).success,
    cause: () => value in CAUSES,
  }[name]();
  if (!valid) throw new CommandError(EXIT.usage, `--${name} ${value}: there is no such ${name}`);
  return `${name}:${value}` as Scope;
}
