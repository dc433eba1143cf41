import { isJobError, type JobError } from '@muster/core/runtime/errors';
import type { AccountId, Region } from '@muster/core/organization/ids';
import type { RoleGroup } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from '../deps.ts';

export type ResolvedRegions =
  | {
      readonly kind: 'regions';
      readonly regions: readonly Region[];
      /** Of a role that was not let in: what it would have shown is not known. */
      readonly denial: JobError | null;
    }
  | { readonly kind: 'denied'; readonly error: JobError };

/** Enters an account and finds its regions in scope: the union over the roles that let us in; denied only when none does. */
export async function resolveRegions(
  accountId: AccountId,
  groups: readonly RoleGroup[],
  signal: AbortSignal,
  deps: Pick<HandlerDeps, 'accounts'>,
): Promise<ResolvedRegions> {
  const regions = new Set<Region>();
  let denial: JobError | null = null;
  for (const { role, matchers } of groups) {
    try {
      await deps.accounts.enter(accountId, role, signal);
      for (const matcher of matchers) {
        const selected =
          matcher.regions.kind === 'listed'
            ? matcher.regions.regions
            : await deps.accounts.listRegions(accountId, role, signal);
        for (const region of selected) regions.add(region);
      }
    } catch (error) {
      if (!isJobError(error, 'aws.denied')) throw error;
      denial = error;
    }
  }
  if (regions.size === 0 && denial !== null) return { kind: 'denied', error: denial };
  return { kind: 'regions', regions: [...regions].toSorted(), denial };
}
