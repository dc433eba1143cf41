import { CAUSES } from '@muster/core/enrollment/cause';
import type { Scope } from '@muster/core/control/control';
import { AccountId, InstanceId, Region } from '@muster/core/organization/ids';
import type { Command } from 'commander';
import { CommandError, EXIT } from './exit-codes.ts';
import { unknownCause } from './known-scope.ts';

/** The options by which an operator says what a verb is about. */
export interface ScopeOptions {
  readonly all?: boolean;
  readonly account?: string;
  readonly region?: string;
  readonly instance?: string;
  readonly cause?: string;
}

const NAMES = ['all', 'account', 'region', 'instance', 'cause'] as const;

/** Adds `--all`, `--account`, `--region`, `--instance` and `--cause` to a command. */
export function withScope(command: Command): Command {
  return command
    .option('--all', 'everything')
    .option('--account <id>', 'one account')
    .option('--region <region>', 'one region')
    .option('--instance <id>', 'one instance')
    .option('--cause <cause>', 'instances with this cause');
}

/** Exactly one of them, checked. Exit code 64 otherwise: a slip must not act on everything. */
export function parseScope(options: ScopeOptions): Scope {
  const [name, ...more] = NAMES.filter((one) => options[one] !== undefined);
  if (name === undefined || more.length > 0) {
    throw new CommandError(EXIT.usage, 'give one of --all, --account, --region, --instance, --cause');
  }
  if (name === 'all') return 'all';
  const value = options[name] ?? '';
  const valid = {
    account: () => AccountId.safeParse(value).success,
    region: () => Region.safeParse(value).success,
    instance: () => InstanceId.safeParse(value).success,
    cause: () => Object.hasOwn(CAUSES, value),
  }[name]();
  if (!valid && name === 'cause') throw unknownCause(value);
  if (!valid) throw new CommandError(EXIT.usage, `--${name} ${value}: there is no such ${name}`);
  return `${name}:${value}` as Scope;
}
