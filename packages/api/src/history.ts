/** Figures over time. */
import { z } from 'zod';
import { AskedTime, Time } from './paging.ts';

export const HistoryQuery = z.object({
  from: AskedTime.optional().describe('24 hours ago where it is absent.'),
  to: AskedTime.optional(),
  /** `state`, `cause`, `group` (units or accounts: joined), `work` (commands sent, joined, throttled calls, due lag). */
  series: z.enum(['state', 'cause', 'group', 'work']).default('state'),
});
export type HistoryQuery = z.infer<typeof HistoryQuery>;

export const History = z.object({
  /** Between two points. */
  stepMs: z.number().int(),
  at: z.array(Time),
  /** One value per time; null where nothing was recorded: never a false zero. */
  series: z.array(z.object({ name: z.string(), values: z.array(z.number().nullable()) })),
  /** When all that is queued will have joined at the rate of the last hour; null when that cannot be said. */
  eta: Time.nullable(),
});
export type History = z.infer<typeof History>;
