import { faultOfScope } from '@muster/core/control/known-scope';
import { SCOPE_KINDS, scopeOf, type Scope } from '@muster/core/control/scope';
import type { Command } from 'commander';
import { CommandError, EXIT } from './exit-codes.ts';

/** The options by which an operator says what a verb is about. */
export interface ScopeOptions {
  readonly all?: boolean;
  readonly account?: string;
  readonly region?: string;
  readonly instance?: string;
  readonly cause?: string;
}

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
export async function requireKnownScope(
  ledger: Parameters<typeof faultOfScope>[0],
  scope: Scope,
  stands = false,
): Promise<void> {
  const fault = await faultOfScope(ledger, scope, stands);
  if (fault !== null) throw new CommandError(EXIT.usage, fault);
}
