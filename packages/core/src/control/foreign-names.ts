import type { Finding } from './control.ts';

/** Names shown in a finding. */
const NAMES_SHOWN = 10;
/** Of a name from Redis. */
const NAME_CHARS = 40;

/**
 * The finding about names in Redis that nothing of Muster's writes, and that were dropped.
 *
 * @param where what they were listed in, such as `coverage`
 */
export function findingOfForeignNames(where: string, names: readonly string[], nowMs: number): Finding {
  const shown = names.slice(0, NAMES_SHOWN).map(plainName).join(', ');
  return {
    kind: 'ledger-untrusted',
    scope: where,
    sinceMs: nowMs,
    message: `${names.length} names in the ledger’s ${where} are no account’s and no target’s, and were dropped: ${shown}.`,
    remedy:
      'Another client than Muster writes to Redis, or a copy was restored in part: find out whose, and give Redis another password. This note goes away after a later listing of accounts.',
  };
}

/** Text of another client, as far as it is plain and short. */
export function plainName(text: string): string {
  return text.slice(0, NAME_CHARS).replaceAll(/[^\w./:-]/g, '?');
}
