/** Sweeps: one reading of every target. */
import { z } from 'zod';
import { ListQuery, pageOf, Time } from './paging.ts';

export const Sweep = z.object({
  id: z.string(),
  state: z.enum(['running', 'finished']),
  /** Null while it runs. */
  verdict: z.enum(['complete', 'partial', 'failed']).nullable(),
  startedAt: Time,
  finishedAt: Time.nullable(),
  accounts: z.object({ total: z.number().int(), denied: z.number().int(), inactive: z.number().int() }),
  /** `total` is the sum of the others. */
  targets: z.object({
    total: z.number().int(),
    complete: z.number().int(),
    partial: z.number().int(),
    denied: z.number().int(),
    regionOff: z.number().int(),
    throttled: z.number().int(),
    failed: z.number().int(),
    pending: z.number().int(),
  }),
  /** What no total speaks of: `accounts` could not be entered, `targets` of the others were not read completely. */
  notRead: z.object({ accounts: z.number().int(), targets: z.number().int() }),
});
export type Sweep = z.infer<typeof Sweep>;

export const SweepsQuery = ListQuery;
export const SweepsPage = pageOf(Sweep);
