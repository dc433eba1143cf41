/** What an operator is asked for before sends of a part of the fleet begin, and what an approval covers. */
import { plural } from '../runtime/wording.ts';
import { z } from 'zod';
import { EpochMs } from '../enrollment/record.ts';
import type { Finding } from './findings.ts';

/** What is approved: a wave by its name, a change of the configuration by its id, or the removal of many nodes at once. */
export type ApprovalSubject = `wave:${string}` | `change:${string}` | 'cleanup:nodes';

/** How far an approval reaches, or would, and what it is about. */
export interface ApprovedSize {
  readonly hosts: number;
  readonly accounts: number;
  /** A word for what exactly is meant, such as the definition of a wave: of another one nothing was approved. */
  readonly basis?: string | undefined;
}

/** What waits for an operator's approval. */
export interface ApprovalRequest extends ApprovedSize {
  readonly subject: ApprovalSubject;
  /** By which share it may grow before it must be approved again, 0..1. */
  readonly grow: number;
  /** One sentence for the operator: what begins with the approval. */
  readonly detail: string;
  /** Since when it is asked for, epoch ms of Redis. */
  readonly sinceMs: number;
}

/** What an operator approved: pinned as it was at that moment. */
export interface Approval extends ApprovedSize {
  readonly subject: ApprovalSubject;
  readonly grow: number;
  /** Who, as their shell says. */
  readonly by: string;
  /** Epoch ms of Redis. */
  readonly atMs: number;
}

const SUBJECT = z.union([
  z.templateLiteral([z.enum(['wave', 'change']), ':', z.string().min(1)]),
  z.literal('cleanup:nodes'),
]);
const size = {
  hosts: z.int().nonnegative(),
  accounts: z.int().nonnegative(),
  grow: z.number().min(0).max(1),
};

export const StoredRequest: z.ZodType<ApprovalRequest> = z.looseObject({
  subject: SUBJECT,
  ...size,
  detail: z.string(),
  sinceMs: EpochMs,
});

export const StoredApproval: z.ZodType<Approval> = z.looseObject({
  subject: SUBJECT,
  ...size,
  by: z.string(),
  atMs: EpochMs,
});

/**
 * Whether an approval still covers this many hosts and accounts. Both may have grown by its share, rounded down: of 100 hosts
 * and 10 %, 110 are covered and 111 are not.
 *
 * @param now without `accounts`, hosts alone are compared
 */
export function isCovered(
  approval: Pick<Approval, 'hosts' | 'accounts' | 'basis' | 'grow'> | null,
  now: Pick<ApprovedSize, 'hosts' | 'basis'> & Partial<ApprovedSize>,
): boolean {
  if (approval === null || approval.basis !== now.basis) return false;
  return (
    now.hosts <= grown(approval.hosts, approval.grow) &&
    (now.accounts === undefined || now.accounts <= grown(approval.accounts, approval.grow))
  );
}

/** The most that an approval covers. */
export function mostOf({
  hosts,
  accounts,
  grow,
}: Pick<Approval, 'hosts' | 'accounts' | 'grow'>): ApprovedSize {
  return { hosts: grown(hosts, grow), accounts: grown(accounts, grow) };
}

/** In thousandths: as floating point, some products lie a hair below the whole number that they mean. */
function grown(count: number, share: number): number {
  return Math.floor((count * Math.round((1 + share) * 1_000)) / 1_000);
}

/** The word by which an operator names it: `eu` of `wave:eu`, `change` of any change, `cleanup`. */
export function wordOf(subject: ApprovalSubject): string {
  if (subject === 'cleanup:nodes') return 'cleanup';
  return subject.startsWith('change:') ? 'change' : subject.slice('wave:'.length);
}

/** Waves that wait for an operator. What else waits for an approval has a finding of its own. */
export function findingsOfRequests(requests: readonly ApprovalRequest[]): readonly Finding[] {
  return requests
    .filter(({ subject }) => subject.startsWith('wave:'))
    .map(({ subject, hosts, accounts, detail, sinceMs }) => ({
      kind: 'wave-unapproved',
      scope: subject,
      sinceMs,
      message: `${detail} It has ${plural(hosts, 'host')} in ${plural(accounts, 'account')}.`,
      remedy: `Look at muster waves and muster approve ${wordOf(subject)} --dry-run, then run: muster approve ${wordOf(subject)}`,
      count: hosts,
    }));
}
