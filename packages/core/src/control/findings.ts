import type { CauseOwner, ForeignWord } from '../enrollment/cause.ts';
import type { ScopeText } from './scope.ts';

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

/** The closed list of things an operator can act on that concern Muster itself rather than a host. */
export const FINDING_KINDS = [
  'hold-first-send',
  'redis-without-password',
  'redis-not-durable',
  'redis-refuses-writes',
  'redis-unsafe',
  'redis-rights-missing',
  'redis-login-refused',
  'redis-min-replicas',
  'paused-by-configuration',
  'clock-off',
  'accounts-not-read',
  'targets-not-read',
  'aws-unanswered',
  'host-management-off',
  'failing-alike',
  'sends-wait',
  'brake-engaged',
  'ramp-stopped',
  'config-skew',
  'change-held',
  'inventory-unavailable',
  'inventory-drop',
  'ledger-epoch-changed',
  'ledger-rebuilt',
  'two-live-commands',
  'account-list-failed',
  'command-not-canceled',
  'ledger-unreadable',
  'send-refused',
  'labels-denied',
  'labels-failed',
  'other-discovery',
  'cleanup-denied',
  'cleanup-failed',
  'cleanup-held',
  'node-labels-wrong',
  'nodes-contradict',
  'nodes-unreadable',
  'config-invalid',
  'config-restart-needed',
  'account-tags-denied',
  'marker-key-missing',
  'foreign-markers',
  'cap-blocked',
  'ledger-untrusted',
  'accounts-unproven',
  'organization-mismatch',
  'wave-unapproved',
  'audit-not-exported',
  'notify-failed',
  'certificate-expires',
  'releases-mixed',
  'jobs-of-newer-release',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

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

/** Kinds that another person than the operator must see to. */
const OWNERS: Readonly<Partial<Record<string, CauseOwner>>> = {
  'inventory-unavailable': 'teleport-admin',
  'inventory-drop': 'teleport-admin',
  'labels-denied': 'teleport-admin',
  'labels-failed': 'teleport-admin',
  'other-discovery': 'teleport-admin',
  'cleanup-denied': 'teleport-admin',
  'cleanup-failed': 'teleport-admin',
  'account-list-failed': 'aws-admin',
  'account-tags-denied': 'aws-admin',
  'command-not-canceled': 'aws-admin',
  'send-refused': 'aws-admin',
  'host-management-off': 'aws-admin',
} satisfies Partial<Record<FindingKind, CauseOwner>>;

/** Who must act. */
export function ownerOfFinding({ kind, owner }: Pick<Finding, 'kind' | 'owner'>): CauseOwner {
  return owner ?? OWNERS[kind] ?? 'operator';
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
