import { z } from 'zod';

/**
 * Ways in which a call goes wrong.
 *
 * - `throttle`, `error` (5xx), `deny`, `expired-credentials`: refused before anything happens, as the service words it.
 * - `reset-before`, `timeout-before`: the connection goes, or nothing ever comes back; nothing happened.
 * - `reset-after`, `timeout-after`, `error-after`: the same, but the call took effect.
 * - `slow`: answered late by `delayMs`. `stale`: answered with the state of `delayMs` ago.
 * - `empty-page`: nothing, with a next token. `duplicate-page`: rows come again on the next page. `reorder-page`: rows
 *   of the page in reverse.
 */
export const FAULT_KINDS = [
  'throttle',
  'error',
  'deny',
  'expired-credentials',
  'reset-before',
  'timeout-before',
  'reset-after',
  'timeout-after',
  'error-after',
  'slow',
  'stale',
  'empty-page',
  'duplicate-page',
  'reorder-page',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One fault rule of a world. All times are simulated milliseconds. */
export const FaultRule = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  /** `ssm:SendCommand`, `ssm:*` or `*`. */
  apis: z
    .array(
      z.string().regex(/^(\*|[a-z0-9]+:(\*|[A-Za-z]+))$/u, 'must be "*", "service:*" or "service:Operation"'),
    )
    .min(1),
  accounts: z.array(z.string()).optional(),
  regions: z.array(z.string()).optional(),
  /** @default 1 */
  probability: z.number().min(0).max(1).optional(),
  /** Window since the start of the world (or since the rule was added): from, inclusive. @default 0 */
  fromMs: z.int().min(0).optional(),
  /** Window: until, exclusive. @default for ever */
  untilMs: z.int().min(0).optional(),
  /** So many consecutive calls (per account, region and API) share one throw of the dice. @default 1 */
  streak: z.int().min(1).optional(),
  /** Strikes at most so often over the whole world. @default no bound */
  maxTimes: z.int().min(1).optional(),
  /** For `slow` (default 1,000) and `stale` (default 2,000). */
  delayMs: z.int().min(0).max(3_600_000).optional(),
  /** HTTP status of `error` and `error-after`. @default 500 */
  status: z.union([z.literal(500), z.literal(502), z.literal(503), z.literal(504)]).optional(),
});
export type FaultRule = z.infer<typeof FaultRule>;
