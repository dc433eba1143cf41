import type { QueryClient } from '@tanstack/react-query';

/** The first part of the key of what an act would touch: the operator confirms what was shown, not what is newer. */
export const PLAN_KEY = 'plan';

/** Asks again for all that is shown. */
export function refreshAll(client: QueryClient): Promise<void> {
  return client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== PLAN_KEY });
}
