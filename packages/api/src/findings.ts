/** Findings, and the causes of hosts: everything that is to be acted on, in one list. */
import { z } from 'zod';
import { AskedTime, ListQuery, pageOf, Time, Words } from './paging.ts';
import { Owner, Severity } from './scopes.ts';

export const FindingRow = z.object({
  /** `KIND@SCOPE`. */
  id: z.string(),
  /** A kind of finding, `paused`, or `cause:CAUSE` for the hosts that have one. */
  kind: z.string(),
  scope: z.string(),
  severity: Severity,
  owner: Owner,
  /** Null for the hosts of a cause, which came one after another. */
  since: Time.nullable(),
  message: z.string(),
  remedy: z.string(),
  /** Whether nothing is sent in its scope while it lasts. */
  stopsSending: z.boolean(),
  /** What an operator can order about it by an action: of its scope, or for `approve` of its scope as a subject. Null where nothing of ours ends it. */
  act: z.enum(['retry', 'resume', 'approve', 'accept-inventory']).nullable(),
  /** Places that it sums up, such as accounts. */
  count: z.number().int(),
  /** Hosts that it is about; null where it is about none in particular. */
  hosts: z.number().int().nullable(),
  accounts: z.number().int().nullable(),
  /** Hosts an hour and a day ago; null where history does not reach back so far. */
  trend: z.object({ hourAgo: z.number().nullable(), dayAgo: z.number().nullable() }).nullable(),
  /** Lines that outputs share, the most hosts first. Untrusted. */
  outputs: z.array(
    z.object({
      template: z.string().nullable(),
      hosts: z.number().int(),
      accounts: z.number().int(),
      oldest: Time,
      newest: Time,
      example: z.object({ accountId: z.string(), instanceId: z.string() }),
    }),
  ),
  /** Null unless an operator has muted it. */
  muted: z.object({ by: z.string(), reason: z.string(), until: Time }).nullable(),
});
export type FindingRow = z.infer<typeof FindingRow>;

export const FindingsQuery = ListQuery.extend({
  kind: Words.optional(),
  owner: Words.optional(),
  severity: Words.optional(),
  scope: z.string().max(200).optional(),
  muted: z.enum(['true', 'false']).optional(),
  q: z.string().max(200).optional(),
});
export type FindingsQuery = z.infer<typeof FindingsQuery>;
export const FindingsPage = pageOf(FindingRow);

export const MuteRequest = z.strictObject({
  reason: z.string().min(1).max(500),
  /** At most 90 days from now. */
  until: AskedTime,
});
