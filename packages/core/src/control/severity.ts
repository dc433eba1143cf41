import type { CauseOwner } from '../enrollment/cause.ts';
import type { FindingKind, Pause } from './findings.ts';

/** The most urgent first. `page` stops work or endangers hosts, `warn` needs a person in the next days, `info` is good to know. */
export const SEVERITIES = ['page', 'warn', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** By kind: a new kind of finding does not compile without a severity. What waits for a person by design is no page. */
const OF_KIND: Readonly<Partial<Record<string, Severity>>> = {
  'hold-first-send': 'warn',
  'redis-without-password': 'warn',
  'redis-not-durable': 'warn',
  'redis-refuses-writes': 'page',
  'redis-unsafe': 'warn',
  'redis-rights-missing': 'page',
  'redis-login-refused': 'page',
  'redis-min-replicas': 'info',
  'paused-by-configuration': 'info',
  'clock-off': 'warn',
  'accounts-not-read': 'warn',
  'targets-not-read': 'warn',
  'aws-unanswered': 'warn',
  'host-management-off': 'info',
  'failing-alike': 'warn',
  'sends-wait': 'warn',
  'brake-engaged': 'page',
  'ramp-stopped': 'page',
  'config-skew': 'warn',
  'change-held': 'warn',
  'inventory-unavailable': 'warn',
  'inventory-drop': 'page',
  'ledger-epoch-changed': 'warn',
  'ledger-rebuilt': 'warn',
  'two-live-commands': 'page',
  'account-list-failed': 'warn',
  'command-not-canceled': 'warn',
  'ledger-unreadable': 'warn',
  'send-refused': 'warn',
  'labels-denied': 'info',
  'labels-failed': 'info',
  'other-discovery': 'warn',
  'cleanup-denied': 'info',
  'cleanup-failed': 'info',
  'cleanup-held': 'warn',
  'node-labels-wrong': 'info',
  'nodes-contradict': 'warn',
  'nodes-unreadable': 'info',
  'config-invalid': 'warn',
  'config-restart-needed': 'info',
  'account-tags-denied': 'info',
  'marker-key-missing': 'warn',
  'foreign-markers': 'warn',
  'cap-blocked': 'page',
  'ledger-untrusted': 'page',
  'accounts-unproven': 'warn',
  'organization-mismatch': 'page',
  'wave-unapproved': 'warn',
  'audit-not-exported': 'warn',
  'notify-failed': 'warn',
  'certificate-expires': 'warn',
  'releases-mixed': 'info',
  'jobs-of-newer-release': 'info',
} satisfies Record<FindingKind, Severity>;

/** How urgent a finding is; one that only a newer release knows needs a person all the same. */
export function severityOfFinding({ kind }: { readonly kind: string }): Severity {
  return OF_KIND[kind] ?? 'warn';
}

/** How urgent a pause is: the brake's stops work, an operator knows of their own. */
export function severityOfPause({ by }: Pick<Pause, 'by'>): Severity {
  return by === 'brake' ? 'page' : 'warn';
}

/** How urgent the hosts of a cause are: what goes by itself is good to know, the rest needs a person. */
export function severityOfCause(owner: CauseOwner): Severity {
  return owner === 'muster' ? 'info' : 'warn';
}

/** Whether a severity is as urgent as another, or more. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least);
}
