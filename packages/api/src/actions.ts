/** Acts of operators: planned, then done as an object with progress. */
import { z } from 'zod';
import { InstanceFilter } from './instances.ts';
import { ListQuery, pageOf, Time, Words } from './paging.ts';
import { InstanceId, ScopeText } from './scopes.ts';

export const ActionKind = z.enum([
  'retry',
  'pause',
  'resume',
  'cancel',
  'sweep',
  'approve',
  'accept-inventory',
]);
export type ActionKind = z.infer<typeof ActionKind>;

/** Whom it is about: exactly one of these. `approve` takes a subject, `accept-inventory` and `sweep` may take `{"scope": "all"}`. */
export const Selection = z.union([
  z.strictObject({ scope: ScopeText }),
  z.strictObject({ instances: z.array(InstanceId).min(1).max(10_000) }),
  // Strict: a slip in a filter's name must not select everything.
  z.strictObject({ filter: z.strictObject(InstanceFilter.shape) }),
  z.strictObject({ subject: z.string().max(200) }),
]);
export type Selection = z.infer<typeof Selection>;

/** First with `dry_run`, then with the `plan` of that answer and a header `Idempotency-Key`. */
export const ActionRequest = z.strictObject({
  kind: ActionKind,
  selection: Selection,
  reason: z.string().max(500).default(''),
  dry_run: z.boolean().default(false),
  plan: z.string().max(100).optional(),
});
export type ActionRequest = z.infer<typeof ActionRequest>;

/** What it would touch just now. */
export const ActionPlan = z.object({
  plan: z.string(),
  kind: ActionKind,
  accounts: z.number().int(),
  hosts: z.number().int(),
  /** What would happen, as a sentence. */
  effect: z.string(),
  /** Hosts of the selection that it leaves alone, by why. */
  skipped: z.array(z.object({ reason: z.string(), hosts: z.number().int() })),
  /** At most five accounts, the most hosts first. */
  some: z.array(z.object({ accountId: z.string(), name: z.string(), hosts: z.number().int() })),
  /** How it begins small; null where it does not send. */
  ramp: z.string().nullable(),
  validUntil: Time,
});
export type ActionPlan = z.infer<typeof ActionPlan>;

/** A selection as an action shows it: of a list its first 100 ids. */
const ShownSelection = z.union([
  z.object({ scope: z.string() }),
  z.object({ instances: z.array(z.string()) }),
  z.object({ filter: z.record(z.string(), z.unknown()) }),
  z.object({ subject: z.string() }),
]);

export const ActionRow = z.object({
  id: z.string(),
  kind: ActionKind,
  selection: ShownSelection,
  /** The same in words: a scope, `412 hosts of a list`, `412 hosts by the filter state=failed`. */
  about: z.string(),
  reason: z.string(),
  by: z.string(),
  from: z.string(),
  state: z.enum(['running', 'done', 'canceled', 'failed']),
  createdAt: Time,
  endedAt: Time.nullable(),
  planned: z.object({ accounts: z.number().int(), hosts: z.number().int() }),
  progress: z.object({
    total: z.number().int(),
    done: z.number().int(),
    skipped: z.number().int(),
    failed: z.number().int(),
  }),
  /** How it ended, or what it does now, as a sentence. */
  message: z.string(),
});
export type ActionRow = z.infer<typeof ActionRow>;

export const ActionsQuery = ListQuery.extend({ state: Words.optional(), kind: Words.optional() });
export const ActionsPage = pageOf(ActionRow);
