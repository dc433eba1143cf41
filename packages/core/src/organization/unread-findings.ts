import { MEMBER_ACTIONS } from './aws-actions.ts';
import { causeFacts, type StoredCause } from '../enrollment/cause.ts';
import type { Finding } from '../control/findings.ts';
import type { Coverage } from './coverage.ts';
import { UNREADABLE_ANSWER } from '../runtime/errors.ts';

/** A target that was not read completely, or an account that could not be entered. */
export interface UnreadTarget {
  /** `111122223333.eu-west-1`, or the account's id alone. */
  readonly place: string;
  readonly isAccount: boolean;
  readonly coverage: Coverage;
}

/** Places that a finding names; `muster coverage` has them all. */
const EXAMPLES = 3;

/**
 * What could not be read, as findings: one for each cause and missing action, with how many it concerns and a few of them,
 * so that a thousand denied accounts are one line.
 */
export function findingsOfUnread(unread: readonly UnreadTarget[]): readonly Finding[] {
  const groups = Map.groupBy(
    unread.filter(({ coverage }) => coverage.cause !== null),
    ({ isAccount, coverage }) =>
      `${isAccount ? 'account' : 'target'} ${coverage.cause} ${missingAction(coverage) ?? ''} ${isUnreadable(coverage)}`,
  );
  return (
    [...groups.values()]
      .map(findingOfGroup)
      .filter((finding) => finding !== null)
      // Of as many places, accounts stand before targets: Redis gives them in no order.
      .toSorted((a, b) => (b.count ?? 1) - (a.count ?? 1) || a.kind.localeCompare(b.kind))
  );
}

function findingOfGroup(group: readonly UnreadTarget[]): Finding | null {
  const [first] = group;
  const cause = first?.coverage.cause ?? null;
  if (first === undefined || cause === null) return null;
  const { isAccount } = first;
  const action = missingAction(first.coverage);
  const { owner, title } = causeFacts(cause);
  const places = group.map(({ place }) => place).toSorted();
  const noun = isAccount ? 'account' : 'target';
  const what = `${group.length} ${noun}${group.length === 1 ? '' : 's'} not read`;
  const why = action === null ? title : `${title}; refused: ${action}`;
  return {
    kind: isAccount ? 'accounts-not-read' : 'targets-not-read',
    scope:
      group.length === 1
        ? `${noun}:${first.place}`
        : `${noun}s:${cause}${action === null ? '' : `:${action}`}${isUnreadable(first.coverage) ? ':unreadable' : ''}`,
    sinceMs: Math.min(...group.map(({ coverage }) => coverage.completeAtMs ?? coverage.attemptedAtMs ?? 0)),
    message: `${what}: ${why}. ${listed(places)}`,
    remedy: isUnreadable(first.coverage) ? UNREADABLE_REMEDY : remedyOf(cause, action, isAccount),
    owner,
    count: group.length,
  };
}

function listed(places: readonly string[]): string {
  const more = places.length - EXAMPLES;
  const shown = places.slice(0, EXAMPLES).join(', ');
  return more > 0 ? `${shown} and ${more} more (muster coverage)` : `${shown}.`;
}

const UNREADABLE_REMEDY =
  'Something on the way answers instead of AWS: check the HTTP proxy of the workers and AWS_ENDPOINT_URL. muster coverage has the answer’s first words.';

function isUnreadable({ detail }: Coverage): boolean {
  return detail.includes(UNREADABLE_ANSWER);
}

function remedyOf(cause: StoredCause, action: string | null, isAccount: boolean): string {
  const { remedy } = causeFacts(cause);
  if (cause !== 'ec2-perm-account-denied' || action === null) return remedy;
  if (action === 'sts:AssumeRole') {
    return `Create the member role in ${isAccount ? 'these accounts' : 'the accounts'}, or correct its trust and external id, and allow it ${MEMBER_ACTIONS.join(', ')}. muster doctor --missing-roles FILE lists them for a StackSet.`;
  }
  return `Allow ${action} to the member role in ${isAccount ? 'these accounts' : 'the accounts of these targets'}; look also for a permissions boundary or a service control policy. muster sweep reads them again at once.`;
}

/** The action that AWS refused, out of the words that a person is shown: for other words only, nothing is decided by it. */
export function missingAction({ detail, status }: Pick<Coverage, 'detail' | 'status'>): string | null {
  if (status !== 'denied' && status !== 'partial') return null;
  const named = /not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)/.exec(detail)?.[1];
  return named ?? /^([a-z0-9-]+:[A-Za-z]+)[ :]/.exec(detail)?.[1] ?? null;
}
