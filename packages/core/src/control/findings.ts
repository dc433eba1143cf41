import type { CauseOwner, ForeignWord } from '../enrollment/cause.ts';
import type { FindingKind } from './finding-kinds.ts';
import { scopeFlag, type ScopeText } from './scope.ts';
import type { Severity } from './severity.ts';

/** Who pauses, as the begin of a sentence. */
export const PAUSERS = { operator: 'An operator', brake: 'The brake' } as const;

/** A standing order not to send. */
export interface Pause {
  readonly scope: ScopeText;
  readonly atMs: number;
  /** `operator`, or `brake` when too many installs of the scope failed. */
  readonly by: keyof typeof PAUSERS;
  readonly reason: string;
}

/** How urgent a pause is: the brake's stops work, an operator knows of their own. */
export function severityOfPause({ by }: Pick<Pause, 'by'>): Severity {
  return by === 'brake' ? 'page' : 'warn';
}

/** What a pause is told as, where its scope stands beside it. */
export function describePause({ scope, by, reason }: Pause): {
  readonly message: string;
  readonly remedy: string;
} {
  return {
    message: `${PAUSERS[by]} paused sending${reason === '' ? '.' : `: ${reason}`}`,
    remedy: `When it may go on, run: muster resume ${scopeFlag(scope)}`,
  };
}

/** Something that an operator can act on: a kind and a scope, with what to do. What holds for its kind: `finding-kinds.ts`. */
export interface Finding {
  /** A newer release may know more of them. */
  readonly kind: FindingKind | ForeignWord;
  /** What it is about, such as `all`, an account, a target. */
  readonly scope: string;
  readonly sinceMs: number;
  readonly message: string;
  readonly remedy: string;
  /** Who must act, where the kind does not say: see `ownerOfFinding`. */
  readonly owner?: CauseOwner;
  /** How many places it sums up. @default 1 */
  readonly count?: number;
  /** It ends when it was not raised again for so long, whichever process raised it; absent: it stands until it is cleared. */
  readonly quietMs?: number;
}

/** How a finding is named: in the API, by a mute, and by what was told of it. */
export function idOfFinding({ kind, scope }: { readonly kind: string; readonly scope: string }): string {
  return `${kind}@${scope}`;
}

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
