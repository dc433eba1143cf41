import { plural } from '../../runtime/wording.ts';
import type { Approval, ApprovalSubject, ApprovedSize } from '../../control/approval.ts';
import { mostOf } from '../../control/approval.ts';
import type { Finding } from '../../control/findings.ts';
import type { AccountId } from '../../organization/ids.ts';
import type { HeldSelection } from './selection-store.ts';

/** By how much an approved change may grow before it asks again. */
export const CHANGE_GROWTH = 0.1;

/** What an operator approves: this change, and no later one, even if it selects the same. */
export function subjectOf({ id, heldAtMs }: HeldSelection): ApprovalSubject {
  return `change:${id}-${heldAtMs}`;
}

/** How many hosts some matcher has. @param states how many records are in each state */
export function selectedOf(states: ReadonlyMap<string, number>): number {
  return [...states].reduce(
    (sum, [state, count]) => (state === 'unmatched' || state === 'gone' ? sum : sum + count),
    0,
  );
}

/**
 * How many hosts a change may add by itself.
 *
 * @param selectedBefore hosts that were selected without the change
 */
export function allowanceOf(
  { share, hosts }: { readonly share: number; readonly hosts: number },
  selectedBefore: number,
): number {
  return Math.max(hosts, Math.floor(share * Math.max(0, selectedBefore)));
}

/** What is known of the readings since a change was taken up. */
export interface ReadSinceChange {
  /** A sweep that began with the change, or later, has ended. */
  readonly isSwept: boolean;
  /** Nothing will be read soon that was not: what is denied is read when its owner permits it, as under any configuration. */
  readonly isWhole: boolean;
}

/** What becomes of a held change now. */
export type ChangeVerdict =
  /** It is not known yet how much it adds. */
  | { readonly kind: 'count' }
  /** It adds more than it may; `most` may be sent to. */
  | { readonly kind: 'ask'; readonly most: ApprovedSize }
  /** What it adds is sent to, as long as it stays within `most`: more may show when the rest is read. */
  | { readonly kind: 'open'; readonly most: ApprovedSize }
  /** It is no change any more. */
  | { readonly kind: 'accept' };

/** Judges a held change by what was counted of it. @param approval the operator's, of this very change */
export function judgeChange(
  held: Pick<HeldSelection, 'hosts' | 'accounts' | 'most'>,
  read: ReadSinceChange,
  allowance: number,
  approval: Approval | null,
): ChangeVerdict {
  // Once counted it stays so: an account that joins the organization is read later, and takes back no question.
  if (!read.isSwept && approval === null && held.most === null) return { kind: 'count' };
  const approved = approval === null ? null : mostOf(approval);
  const most =
    approved === null || approved.hosts < allowance
      ? { hosts: allowance, accounts: Number.MAX_SAFE_INTEGER }
      : approved;
  if (held.hosts > most.hosts || held.accounts > most.accounts) return { kind: 'ask', most };
  return read.isSwept && read.isWhole ? { kind: 'accept' } : { kind: 'open', most };
}

/** Accounts named in the finding. */
const ACCOUNTS_SHOWN = 5;

/** What a held change says of itself, for the finding and for the request. */
export interface ChangeFigures {
  readonly held: HeldSelection;
  readonly selectedBefore: number;
  readonly allowance: number;
  /** Targets that could not be read, an account that cannot be entered counting as one. */
  readonly notRead: number;
  /** The most hosts first. */
  readonly accounts: readonly { readonly accountId: AccountId; readonly hosts: number }[];
}

/** One or two sentences: how many hosts, where, and what is not known. */
export function describeChange(figures: ChangeFigures): string {
  const { held, selectedBefore, notRead, accounts } = figures;
  const first = accounts.slice(0, ACCOUNTS_SHOWN).map(({ accountId, hosts }) => `${accountId}: ${hosts}`);
  const more = accounts.length > ACCOUNTS_SHOWN ? ` and ${accounts.length - ACCOUNTS_SHOWN} more` : '';
  const unread =
    notRead === 0 ? '' : ` ${plural(notRead, 'target')} could not be read; hosts there are not counted.`;
  return `The changed configuration adds ${plural(held.hosts, 'host')} in ${plural(held.accounts, 'account')} (${first.join(', ')}${more}) to the ${selectedBefore} that were selected before.${unread}`;
}

/** The finding while a change waits for an approval. */
export function findingOfChange(figures: ChangeFigures, nowMs: number): Finding {
  const { held, allowance } = figures;
  return {
    kind: 'change-held',
    scope: 'all',
    sinceMs: nowMs,
    message: `${describeChange(figures)} Muster sends nothing to the added hosts: without an approval a change may add at most ${plural(allowance, 'host')} (muster.rollout.ask_above). Muster goes on with all other hosts.`,
    remedy:
      'Compare the two files: muster config diff OLD NEW. When the change is meant, run: muster approve change (with --dry-run it only says what it would approve). When it is not, put the old file back; this finding then ends.',
    count: held.hosts,
  };
}
