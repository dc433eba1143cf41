import { type Finding, type FindingKind, ownerOfFinding, type Pause } from '@muster/core/control/control';
import { scopeFlag } from '@muster/core/control/scope';
import { ownerPhrase } from './cause-row.ts';

/** Something an operator should act on, with what to do. */
export interface AttentionItem {
  readonly kind: Finding['kind'] | 'paused';
  readonly scope: string;
  /** Whether nothing is sent in its scope while it lasts. */
  readonly stopsSending: boolean;
  readonly sinceMs: number;
  readonly message: string;
  readonly remedy: string;
  /** Who must act, as a phrase. */
  readonly owner: string;
}

const STOPS_SENDING: Readonly<Partial<Record<string, boolean>>> = {
  'hold-first-send': true,
  'redis-without-password': false,
  'redis-not-durable': false,
  'redis-refuses-writes': true,
  'redis-unsafe': false,
  'paused-by-configuration': true,
  'clock-off': false,
  'accounts-not-read': false,
  'targets-not-read': false,
  'aws-unanswered': false,
  'sends-wait': false,
  'brake-engaged': true,
  'inventory-unavailable': false,
  'inventory-drop': true,
  'config-skew': false,
  'ledger-epoch-changed': false,
  'ledger-rebuilt': false,
  'two-live-commands': false,
  'account-list-failed': false,
  'command-not-canceled': false,
  'ledger-unreadable': false,
  'send-refused': false,
  'labels-denied': false,
  'labels-failed': false,
  'node-labels-wrong': false,
  'nodes-contradict': false,
  'nodes-unreadable': false,
  'config-invalid': false,
  'config-restart-needed': false,
  'account-tags-denied': false,
  'marker-key-missing': false,
  'foreign-markers': false,
  'cap-blocked': true,
  'ledger-untrusted': false,
  'accounts-unproven': false,
  'organization-mismatch': true,
} satisfies Record<FindingKind, boolean>;

/**
 * Findings and pauses as one list: what stops sending first, then the oldest. A pause that the brake made is told by the
 * brake's own finding.
 */
export function listAttention(
  findings: readonly Finding[],
  pauses: readonly Pause[],
): readonly AttentionItem[] {
  const told = new Set<string>(
    findings.filter(({ kind }) => kind === 'brake-engaged').map(({ scope }) => scope),
  );
  const items: readonly AttentionItem[] = [
    ...findings.map((finding) => ({
      ...finding,
      stopsSending: STOPS_SENDING[finding.kind] ?? false,
      owner: ownerPhrase(ownerOfFinding(finding)),
    })),
    ...pauses.filter(({ by, scope }) => by === 'operator' || !told.has(scope)).map(pauseItem),
  ];
  return items.toSorted((a, b) => Number(b.stopsSending) - Number(a.stopsSending) || a.sinceMs - b.sinceMs);
}

function pauseItem({ scope, by, atMs, reason }: Pause): AttentionItem {
  const who = by === 'brake' ? 'The brake' : 'An operator';
  return {
    kind: 'paused',
    scope,
    stopsSending: true,
    sinceMs: atMs,
    message: `${who} paused sending${reason === '' ? '.' : `: ${reason}`}`,
    remedy: `When it may go on, run: muster resume ${scopeFlag(scope)}`,
    owner: ownerPhrase('operator'),
  };
}
