import { z } from 'zod';
import { AccountId } from '../organization/ids.ts';

/** An account as one part of a report notes it for another: the fields of `Account`. */
export const ReportAccount = z.object({
  accountId: AccountId,
  name: z.string(),
  state: z.enum(['ACTIVE', 'PENDING_ACTIVATION', 'SUSPENDED', 'PENDING_CLOSURE', 'CLOSED']),
  organizationId: z.string().optional(),
  ancestorIds: z.array(z.string()),
  tags: z.record(z.string(), z.string()).optional(),
  tagsReadAtMs: z.number().min(0).max(8.64e15).optional(),
  listedAtMs: z.number().min(0).max(8.64e15).optional(),
  seal: z.string().optional(),
});
