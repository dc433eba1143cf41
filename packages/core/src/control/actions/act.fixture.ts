import { aBatchId } from '@muster/testing/builders';
import type { MusterConfig } from '../../config/model.ts';
import { createClock } from '../../runtime/clock.ts';
import type { Actor } from '../audit/audit-entry.ts';
import type { Ledger } from '../ledger.ts';
import { type Action, ActionId, type ActionKind } from './action.ts';
import type { PlanResult, Requested } from './plan.ts';
import { planAction } from './plan-action.ts';
import { runAction, type RunDeps } from './run-action.ts';
import { startAction } from './start-action.ts';

/** What a retry is decided by, with a first step of two hosts. */
export const ACT_CONFIG: RunDeps['config'] & Pick<MusterConfig, 'limits'> = {
  backoff: { minMs: 60_000, maxMs: 86_400_000 },
  install: { joinTimeoutMs: 600_000 },
  inventory: { kind: 'none' },
  repair: { enabled: true },
  markerKeys: [],
  limits: { installsInFlight: 1_000, holdFirstSend: false },
  rollout: { ramp: { first: 2, factor: 2, success: 0.9, off: false } },
} as never;

export const ANN: Actor = { by: { name: 'ann', kind: 'user', role: 'operator' }, from: '192.0.2.7' };

/** An operator at one ledger: plans, begins and runs actions as processes do, and counts cancellations. */
export function anOperator(ledger: Ledger) {
  let ids = 0;
  const cancels: unknown[] = [];
  const clock = createClock();
  const deps: RunDeps & Pick<Parameters<typeof planAction>[0], 'config' | 'newId'> = {
    ledger,
    config: ACT_CONFIG,
    clock,
    random: () => 0,
    newId: () => {
      ids += 1;
      return ActionId.parse(aBatchId(ids));
    },
    enqueueCancels: async (payloads) => {
      cancels.push(...payloads);
    },
  };

  const plan = (kind: ActionKind, asked: Requested): Promise<PlanResult> => planAction(deps, kind, asked);

  async function planned(kind: ActionKind, asked: Requested): Promise<ActionId> {
    const result = await plan(kind, asked);
    if ('fault' in result) throw new Error(result.fault);
    return result.plan.id;
  }

  const start = (id: ActionId, key = id as string, digest = id as string) =>
    startAction({ ledger, config: ACT_CONFIG }, id, ANN, { key, digest, reason: 'test', goOnInMs: 0 });

  async function begin(kind: ActionKind, asked: Requested): Promise<Action> {
    const started = await start(await planned(kind, asked));
    if (started.kind !== 'begun') throw new Error(started.kind);
    return started.action;
  }

  return {
    deps,
    cancels,
    plan,
    planned,
    start,
    begin,
    run: (id: ActionId, turnMs = 60_000) => runAction(deps, id, turnMs),
    /** All of it. @returns how far it reached */
    async act(kind: ActionKind, asked: Requested) {
      const { id } = await begin(kind, asked);
      const { accounts } = await runAction(deps, id, 60_000);
      const { progress, message } = (await ledger.actions.read(id)) ?? (await begin(kind, asked));
      return { accounts: accounts.size, hosts: progress.done, message };
    },
  };
}
