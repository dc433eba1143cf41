import type { TargetAccess } from '@muster/core/domain/command';
import type { Intent } from '@muster/core/domain/intent';
import { roleFor } from '@muster/core/domain/matcher';
import type { Target } from '@muster/core/domain/target';
import type { HandlerDeps } from '../deps.ts';

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
