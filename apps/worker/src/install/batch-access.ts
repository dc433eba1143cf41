import type { TargetAccess } from '@muster/core/install/command';
import { type Intent, isIntentSealed } from '@muster/core/install/intent';
import { coversRegion, roleFor } from '@muster/core/scan/matcher';
import type { Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import type { DueOutcome } from '../due-work.ts';
import { scopeOfAccount, sealerOf } from '../organization/account-scope.ts';

/** A batch whose command is followed, or looked for. */
export interface OpenBatch {
  readonly target: Target;
  readonly intent: Intent;
  /** The version at which the intent was read. */
  readonly version: number;
  readonly access: TargetAccess;
}

/** What one look at a batch came to; due again at once, in a while, or never when the batch is closed. */
export type LookOutcome = DueOutcome<{
  /** Instances whose end this look has shown. */
  readonly ended: number;
  /** Instances that have not ended. */
  readonly open: number;
  readonly state: string;
}>;

/** The role of the matcher that sent; any other role into the account when that matcher is no longer configured. */
export function accessOf(
  target: Target,
  intent: Intent,
  deps: Pick<HandlerDeps, 'config'>,
): TargetAccess | null {
  const matcher =
    deps.config.matchers.find((one) => one.key === intent.matcherKey) ?? deps.config.matchers[0];
  return matcher === undefined ? null : { ...target, role: roleFor(matcher, target.accountId) };
}

/**
 * Whether the account may be entered for a batch: a worker sealed its intent, when the target was in scope, or the target is
 * in scope now. Redis alone does not make an account one to enter. Without a key nothing can be told apart, and every
 * batch is followed, by roles of configured matchers.
 */
export async function mayFollow(
  target: Target,
  intent: Intent,
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<boolean> {
  const sealer = sealerOf(deps);
  if (sealer.keys.length === 0 || isIntentSealed(sealer, target, intent)) return true;
  const known = await deps.ledger.coverage.account(target.accountId);
  if (known === null) return false;
  const scope = await scopeOfAccount(known.account, 'read', signal, deps);
  return scope.kind === 'covered' && scope.matchers.some((matcher) => coversRegion(matcher, target.region));
}
