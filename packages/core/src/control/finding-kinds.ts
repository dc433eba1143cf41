import type { CauseOwner } from '../enrollment/cause.ts';
import type { Severity } from './severity.ts';

/** What holds for every finding of a kind. */
interface KindFacts {
  /** What waits for a person by design is no page. */
  readonly severity: Severity;
  /** Whether nothing is sent in the scope of the finding while it stands. @default false */
  readonly stopsSending?: boolean;
  /** Who must act. @default operator */
  readonly owner?: CauseOwner;
  /** It tells what happened once: it stands until an operator resumes its scope, or all, and has seen it. @default false */
  readonly isNote?: boolean;
}

/** The closed list of things an operator can act on that concern Muster itself rather than a host. */
const KINDS = {
  'hold-first-send': { severity: 'warn', stopsSending: true },
  'redis-without-password': { severity: 'warn' },
  'redis-not-durable': { severity: 'warn' },
  'redis-refuses-writes': { severity: 'page', stopsSending: true },
  'redis-unsafe': { severity: 'warn' },
  'redis-rights-missing': { severity: 'page' },
  'redis-login-refused': { severity: 'page' },
  'redis-min-replicas': { severity: 'info' },
  'paused-by-configuration': { severity: 'info', stopsSending: true },
  'clock-off': { severity: 'warn' },
  'accounts-not-read': { severity: 'warn' },
  'targets-not-read': { severity: 'warn' },
  'aws-unanswered': { severity: 'warn' },
  'host-management-off': { severity: 'info', owner: 'aws-admin' },
  'failing-alike': { severity: 'warn' },
  'sends-wait': { severity: 'warn' },
  'brake-engaged': { severity: 'page', stopsSending: true },
  'ramp-stopped': { severity: 'page', stopsSending: true },
  'config-skew': { severity: 'warn' },
  'change-held': { severity: 'warn' },
  'inventory-unavailable': { severity: 'warn', owner: 'teleport-admin' },
  'inventory-drop': { severity: 'page', stopsSending: true, owner: 'teleport-admin' },
  'ledger-epoch-changed': { severity: 'warn', isNote: true },
  'ledger-rebuilt': { severity: 'warn', isNote: true },
  'two-live-commands': { severity: 'page', isNote: true },
  'account-list-failed': { severity: 'warn', owner: 'aws-admin' },
  'command-not-canceled': { severity: 'warn', owner: 'aws-admin', isNote: true },
  'ledger-unreadable': { severity: 'warn', isNote: true },
  'send-refused': { severity: 'warn', owner: 'aws-admin' },
  'labels-denied': { severity: 'info', owner: 'teleport-admin' },
  'labels-failed': { severity: 'info', owner: 'teleport-admin' },
  'other-discovery': { severity: 'warn', stopsSending: true, owner: 'teleport-admin' },
  'cleanup-denied': { severity: 'info', owner: 'teleport-admin' },
  'cleanup-failed': { severity: 'info', owner: 'teleport-admin' },
  'cleanup-held': { severity: 'warn' },
  'node-labels-wrong': { severity: 'info' },
  'nodes-contradict': { severity: 'warn' },
  'nodes-unreadable': { severity: 'info' },
  'config-invalid': { severity: 'warn' },
  'config-restart-needed': { severity: 'info' },
  'account-tags-denied': { severity: 'info', owner: 'aws-admin' },
  'marker-key-missing': { severity: 'warn' },
  'foreign-markers': { severity: 'warn', isNote: true },
  'cap-blocked': { severity: 'page', stopsSending: true },
  'ledger-untrusted': { severity: 'page', isNote: true },
  'accounts-unproven': { severity: 'warn' },
  'organization-mismatch': { severity: 'page', stopsSending: true },
  'wave-unapproved': { severity: 'warn', stopsSending: true },
  'audit-not-exported': { severity: 'warn' },
  'notify-failed': { severity: 'warn' },
  'certificate-expires': { severity: 'warn' },
  'releases-mixed': { severity: 'info' },
  'jobs-of-newer-release': { severity: 'info' },
} as const satisfies Record<string, KindFacts>;

/** One of them. */
export type FindingKind = keyof typeof KINDS;

/** All of them, for filters and metrics. */
export const FINDING_KINDS = Object.keys(KINDS) as [FindingKind, ...FindingKind[]];

const FACTS: ReadonlyMap<string, KindFacts> = new Map(Object.entries(KINDS));

/** How urgent a finding is; one that only a newer release knows needs a person all the same. */
export function severityOfFinding({ kind }: { readonly kind: string }): Severity {
  return FACTS.get(kind)?.severity ?? 'warn';
}

/** Whether nothing is sent in the scope of a finding of this kind while it stands. */
export function stopsSending(kind: string): boolean {
  return FACTS.get(kind)?.stopsSending === true;
}

/** Whether a finding of this kind tells what happened once: see `KindFacts`. */
export function isNote(kind: string): boolean {
  return FACTS.get(kind)?.isNote === true;
}

/** Who must act. @param owner where the finding says it itself */
export function ownerOfFinding({
  kind,
  owner,
}: {
  readonly kind: string;
  readonly owner?: CauseOwner | undefined;
}): CauseOwner {
  return owner ?? FACTS.get(kind)?.owner ?? 'operator';
}
