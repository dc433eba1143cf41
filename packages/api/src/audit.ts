/** Who did what. */
import { z } from 'zod';
import { AskedTime, ListQuery, pageOf, Time, Words } from './paging.ts';

export const AuditRow = z.object({
  id: z.string(),
  at: Time,
  by: z.string(),
  /** How they were known: `user`, `oidc`, `token`, `proxy`, `link`, `cli`, `muster`. */
  kind: z.string(),
  /** An address, or the host of a command line. */
  from: z.string(),
  act: z.string(),
  scope: z.string(),
  accounts: z.number().int().nullable(),
  hosts: z.number().int().nullable(),
  /** The plan or approval that it was pinned to; null without. */
  basis: z.string().nullable(),
  reason: z.string(),
  /** `done`, `begun`, `stopped`, `canceled`, `failed` or `refused`; a newer release may know more. */
  result: z.string(),
  /** What came of it, as a sentence; empty where the result says all. */
  detail: z.string(),
  hash: z.string(),
});
export type AuditRow = z.infer<typeof AuditRow>;

export const AuditQuery = ListQuery.extend({
  act: Words.optional(),
  by: Words.optional(),
  since: AskedTime.optional(),
  q: z.string().max(200).optional(),
});
export const AuditPage = pageOf(AuditRow).extend({
  /** Whether the chain of what is kept holds. */
  chain: z.object({ holds: z.boolean(), firstBroken: z.string().nullable(), keptSince: Time.nullable() }),
});
