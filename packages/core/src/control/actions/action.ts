/** An act of an operator as an object: planned, then done by whichever process takes its next step. Pure. */
import { z } from 'zod';
import { EpochMs } from '../../enrollment/record.ts';
import { InstanceId } from '../../organization/ids.ts';
import { Target } from '../../organization/target.ts';
import { ACTOR_KINDS } from '../audit/audit-entry.ts';

export const ACTION_KINDS = [
  'retry',
  'pause',
  'resume',
  'cancel',
  'sweep',
  'approve',
  'accept-inventory',
] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** A ULID; a plan keeps it when it becomes an action. */
export const ActionId = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  .brand<'ActionId'>();
export type ActionId = z.infer<typeof ActionId>;

/** Whom an action is about, as it was asked for. Of a list the first ids, for people: all lie in the action's parts. */
export const ActionSelection = z.union([
  z.object({ scope: z.string() }),
  z.object({ instances: z.array(z.string()) }),
  z.object({ filter: z.record(z.string(), z.unknown()) }),
  z.object({ subject: z.string() }),
]);
export type ActionSelection = z.infer<typeof ActionSelection>;

/** Ids of a list that an action repeats. */
export const IDS_SHOWN = 100;

/** One step's worth of hosts. */
export const ActionPart = z.object({
  target: Target,
  /** Null: all of the target that the action's scope covers when the step is taken. */
  ids: z.array(InstanceId).nullable(),
});
export type ActionPart = z.infer<typeof ActionPart>;

/** What the operator was shown. */
export const PlanFacts = z.object({
  accounts: z.number(),
  hosts: z.number(),
  effect: z.string(),
  skipped: z.array(z.object({ reason: z.string(), hosts: z.number() })),
  some: z.array(z.object({ accountId: z.string(), name: z.string(), hosts: z.number() })),
  ramp: z.string().nullable(),
});
export type PlanFacts = z.infer<typeof PlanFacts>;

/** What of an action never changes once it was planned. */
export const ActionFacts = z.object({
  kind: z.enum(ACTION_KINDS),
  selection: ActionSelection,
  /** For a sentence and the audit: a scope, `412 listed hosts`, `412 hosts by the filter state=failed`. */
  about: z.string(),
  plan: PlanFacts,
  /** What the plan was made on, and must still stand when it begins: an approval's request, an inventory's `pinInventory`, what a resume ends; else null. */
  pinned: z.string().nullable(),
});
export type ActionFacts = z.infer<typeof ActionFacts>;

/** Who began it. */
export const ActionStart = z.object({
  by: z.object({ name: z.string(), kind: z.enum(ACTOR_KINDS), role: z.string().nullable() }),
  from: z.string(),
  reason: z.string(),
});
export type ActionStart = z.infer<typeof ActionStart>;

export const ACTION_STATES = ['planned', 'running', 'done', 'canceled', 'failed'] as const;
export type ActionState = (typeof ACTION_STATES)[number];

/** Hosts of an action, by what became of them. */
export interface ActionProgress {
  readonly total: number;
  readonly done: number;
  /** Nothing had to be done, or it was no longer possible. */
  readonly skipped: number;
  readonly failed: number;
}

export interface Action extends ActionFacts {
  readonly id: ActionId;
  readonly state: ActionState;
  /** Null while it is a plan. */
  readonly start: ActionStart | null;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
  readonly progress: ActionProgress;
  /** How many steps it has, and how many were taken. */
  readonly parts: number;
  readonly cursor: number;
  /** Of an act of one step: what it does, as its first try foresaw it; null before. */
  readonly effect: string | null;
  /** Of an act of one step: whether it is done, and only its end is to be told. */
  readonly isActed: boolean;
  /** How it ended; empty while it runs. */
  readonly message: string;
}

/** The kinds that write records or ask for cancellations host by host: steps of bounded size, by workers. The others are one step. */
export function isBulk(kind: ActionKind): kind is 'retry' | 'cancel' {
  return kind === 'retry' || kind === 'cancel';
}

/** The ramp of a retry. Records carry it, so a host that the action has retried is known as such. */
export function rampOfAction(id: ActionId): string {
  return `t:${id}`;
}

/** Instances of one target in steps of bounded size. */
export function partsOf(target: Target, ids: readonly InstanceId[], most: number): readonly ActionPart[] {
  const parts: ActionPart[] = [];
  for (let at = 0; at < ids.length; at += most) parts.push({ target, ids: ids.slice(at, at + most) });
  return parts;
}

/** A number as it lies in Redis; 0 for what is none. */
export function readCount(text: string | undefined): number {
  const parsed = z.coerce
    .number()
    .int()
    .nonnegative()
    .safeParse(text ?? '');
  return parsed.success ? parsed.data : 0;
}

/** A time as it lies in Redis; null for what is none. */
export function readTime(text: string | undefined): number | null {
  const parsed = EpochMs.safeParse(text === undefined || text === '' ? undefined : Number(text));
  return parsed.success ? parsed.data : null;
}
