/** What a plan is made from, and what is made of it before it is kept. */
import type { MusterConfig } from '../../config/model.ts';
import type { InstanceId } from '../../organization/ids.ts';
import type { Clock } from '../../runtime/clock-port.ts';
import type { Ledger } from '../ledger.ts';
import type { Scope } from '../scope.ts';
import type { ActionFacts, ActionId, ActionPart, PlanFacts } from './action.ts';

/** Whom an action is asked for. A filter comes with what it gives: the caller has the list that answers it. */
export type Requested =
  | { readonly kind: 'scope'; readonly scope: Scope }
  | { readonly kind: 'list'; readonly ids: readonly InstanceId[] }
  | {
      readonly kind: 'filter';
      readonly filter: Readonly<Record<string, unknown>>;
      readonly ids: AsyncIterable<InstanceId>;
    }
  | { readonly kind: 'subject'; readonly subject: string };

export interface PlanDeps {
  readonly ledger: Ledger;
  readonly config: Pick<MusterConfig, 'rollout' | 'limits'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly newId: () => ActionId;
}

export interface Plan {
  readonly id: ActionId;
  readonly facts: ActionFacts;
}

/** A plan, or why there is none: what was asked for is not there, or makes no sense. */
export type PlanResult = { readonly plan: Plan } | PlanFault;

/** A plan that is not kept yet. */
export interface Draft {
  readonly about: string;
  readonly plan: PlanFacts;
  readonly parts?: readonly ActionPart[];
  readonly total?: number;
  readonly pinned?: string;
}

/** Why there is no plan, as a sentence. */
export interface PlanFault {
  readonly fault: string;
}
