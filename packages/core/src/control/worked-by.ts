/** The configuration that was last worked by, as the ledger keeps it: `ControlLedger.workedBy`. */
import { z } from 'zod';
import { MatcherKey } from '../organization/ids.ts';

const Worked = z.looseObject({ matchers: z.array(MatcherKey) });

/** Keys of the matchers in that word; null for none, and for one that no release writes so. */
export function matchersWorkedBy(word: string | null): readonly MatcherKey[] | null {
  if (word === null) return null;
  try {
    return Worked.safeParse(JSON.parse(word)).data?.matchers ?? null;
  } catch {
    return null;
  }
}
