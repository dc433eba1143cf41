import { z } from 'zod';
import {
  ActionKind,
  ActionPlan,
  ActionRequest,
  ActionRow,
  ActionsPage,
  ActionsQuery,
} from '@muster/api/actions';
import { type Action, ActionId, isBulk } from '@muster/core/control/actions/action';
import { PLAN_SECONDS } from '@muster/core/control/actions/action-store';
import type { Plan } from '@muster/core/control/actions/plan';
import { planAction } from '@muster/core/control/actions/plan-action';
import { runAction } from '@muster/core/control/actions/run-action';
import { cancelAction, startAction } from '@muster/core/control/actions/start-action';
import type { Actor } from '@muster/core/control/audit/audit-entry';
import { ulid } from 'ulid';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from './api-deps.ts';
import { mayAskFor, mayDecideOn } from './action-reach.ts';
import { askedOf, digestOf, isSameSelection } from './action-request.ts';
import { checkFilter } from './instance-words.ts';
import { faultsOfWords } from './list-request.ts';
import { pageOfRows } from './page-of-rows.ts';
import { invalidRequest, problem, type RequestFault } from './problem.ts';
import { answer, type ApiRoute, defineRoute, refuse, type Reply } from './route.ts';

const ActionParams = z.object({ id: z.string().max(100).describe('The id of an action: that of its plan.') });

/** Where another process goes on with an act of one step: this one was killed in the middle of it. */
const GO_ON_MS = 30_000;
const TURN_MS = 10_000;

const NO_ACTION = 'There is no such action: those of the last 30 days are kept, at most 1,000.';

/**
 * What operators do. The role is the same for all kinds: `resume` of everything ends the hold and accepts an inventory already,
 * and what waits for an approval must not wait for a second person at night.
 */
export const actionRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'post',
    path: '/actions',
    operationId: 'act',
    tag: 'actions',
    summary: 'Plans an action (`dry_run`), or begins one that was planned',
    description:
      'First with `dry_run: true`: 200, with whom it would touch and what would happen. Then the same with the `plan` of that answer and a header `Idempotency-Key`: 202, with the action. The same key and body again answer with the same action.',
    role: 'operator',
    headers: z.object({
      'Idempotency-Key': z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe('Of a request without `dry_run`: a word of the caller’s, one per act.'),
    }),
    body: ActionRequest,
    answer: z.union([ActionPlan, ActionRow]),
    alsoStatus: 202,
    problems: [404, 409, 422],
    handle: async ({ body, principal, header }, deps) => {
      if (!(await mayAskFor(deps.ledger, principal, body.selection))) {
        return refuse(problem(403, outsideOf(principal)));
      }
      return body.dry_run ? plan(body, deps) : begin(body, principal, header('Idempotency-Key'), deps);
    },
  }),
  defineRoute({
    method: 'get',
    path: '/actions',
    operationId: 'listActions',
    tag: 'actions',
    summary: 'Actions of the last 30 days, at most the newest 1,000',
    role: 'viewer',
    query: ActionsQuery,
    list: { row: ActionRow, sorts: ['createdAt', 'kind', 'state', 'by'], usualSort: '-createdAt' },
    answer: ActionsPage,
    async handle({ query: { state, kind }, list }, deps) {
      const faults = [
        ...faultsOfWords('state', state ?? [], ActionRow.shape.state.options),
        ...faultsOfWords('kind', kind ?? [], ActionKind.options),
      ];
      if (faults.length > 0) return refuse(invalidRequest(faults));
      const rows = (await deps.ledger.actions.newest(MOST_ACTIONS))
        .map(rowOf)
        .filter((row) => state?.includes(row.state) !== false && kind?.includes(row.kind) !== false);
      const freshness = { asOf: new Date(deps.clock.now()).toISOString(), ageMs: 0, stale: false };
      return answer(pageOfRows(rows, { list, idOf: ({ id }) => id, freshness }));
    },
  }),
  defineRoute({
    method: 'get',
    path: '/actions/{id}',
    operationId: 'readAction',
    tag: 'actions',
    summary: 'One action, with its progress',
    role: 'viewer',
    params: ActionParams,
    answer: ActionRow,
    problems: [404],
    async handle({ params: { id } }, deps) {
      const action = await readBegun(id, deps);
      return action === null ? refuse(problem(404, NO_ACTION)) : answer(rowOf(action));
    },
  }),
  defineRoute({
    method: 'post',
    path: '/actions/{id}/cancel',
    operationId: 'cancelAction',
    tag: 'actions',
    summary: 'Stops what an action has not done yet; what it has done stays',
    role: 'operator',
    params: ActionParams,
    answer: ActionRow,
    problems: [404, 409],
    async handle({ params: { id }, principal }, deps) {
      const action = await readBegun(id, deps);
      if (action === null) return refuse(problem(404, NO_ACTION));
      if (!(await mayDecideOn(deps.ledger, principal, action))) {
        return refuse(problem(403, outsideOf(principal)));
      }
      if (!(await cancelAction(deps, action, actorOf(principal)))) {
        return refuse(problem(409, 'The action has ended: there is nothing left to stop.'));
      }
      return answer(rowOf((await readBegun(id, deps)) ?? action));
    },
  }),
];

/** A token that is bound to a part of the organization names that part, or instances of it, and nothing else. */
function outsideOf({ name, scope = 'all' }: Principal): string {
  return `The API token ${name} acts on ${scope} alone: ask with {"selection": {"scope": "${scope}"}}, or for instances of it that a scan has seen.`;
}

const MOST_ACTIONS = 1_000;

/** Null for a plan, too. */
async function readBegun(text: string, { ledger }: ApiDeps): Promise<Action | null> {
  const id = ActionId.safeParse(text);
  const action = id.success ? await ledger.actions.read(id.data) : null;
  return action?.state === 'planned' ? null : action;
}

async function plan(body: ActionRequest, deps: ApiDeps): Promise<Reply<ActionPlan>> {
  const asked = askedOf(body.selection, deps);
  if ('fault' in asked) return refuse(problem(422, asked.fault));
  const faults = 'filter' in body.selection ? await checkFilter(body.selection.filter, deps) : [];
  if (faults.length > 0) return refuse(invalidRequest(faults.map(inBody)));
  const result = await planAction(
    {
      ledger: deps.ledger,
      config: deps.config(),
      clock: deps.clock,
      newId: () => ActionId.parse(ulid(deps.clock.now())),
    },
    body.kind,
    asked,
  );
  return 'fault' in result ? refuse(problem(422, result.fault)) : answer(planOf(result.plan, deps));
}

/** A filter of a body stands where its schema's faults do, and is explained as that of a list. */
function inBody({ parameter = '', detail }: RequestFault): RequestFault {
  return { pointer: `/selection/filter/${parameter}`, detail };
}

function planOf({ id, facts: { kind, plan: facts } }: Plan, { clock }: ApiDeps): ActionPlan {
  const validUntil = new Date(clock.now() + PLAN_SECONDS * 1_000).toISOString();
  return { plan: id, kind, ...facts, validUntil };
}

async function begin(
  body: ActionRequest,
  principal: Principal,
  key: string | null,
  deps: ApiDeps,
): Promise<Reply<ActionRow>> {
  const faults = [
    ...(body.plan === undefined
      ? [{ pointer: '/plan', detail: 'Ask with dry_run first, and send the plan of that answer.' }]
      : []),
    ...(key === null || key === '' || key.length > 200
      ? [{ parameter: 'Idempotency-Key', detail: 'Send this header: a word of your own, one per act.' }]
      : []),
  ];
  if (faults.length > 0 || key === null) return refuse(invalidRequest(faults));
  const missing = problem(404, 'There is no such plan, or its hour is over: ask with dry_run again.');
  const id = ActionId.safeParse(body.plan);
  const planned = id.success ? await deps.ledger.actions.read(id.data) : null;
  if (!id.success || planned === null) return refuse(missing);
  if (planned.kind !== body.kind || !isSameSelection(planned, body.selection)) {
    return refuse(problem(409, 'The plan is of another kind or selection: ask with dry_run again.'));
  }
  if (!(await mayDecideOn(deps.ledger, principal, planned))) {
    return refuse(problem(403, outsideOf(principal)));
  }
  const result = await startAction(
    { ledger: deps.ledger, config: deps.config() },
    id.data,
    actorOf(principal),
    {
      key,
      digest: digestOf(body),
      reason: body.reason,
      goOnInMs: isBulk(body.kind) ? 0 : GO_ON_MS,
    },
  );
  if (result.kind === 'missing') return refuse(missing);
  if (result.kind === 'conflict') return refuse(problem(409, `${result.reason}.`));
  const { action } = result;
  // A pause must not wait for a worker. What writes records must: this process cannot seal them.
  if (result.isNew && !isBulk(action.kind)) await runHere(action.id, deps);
  const now = (await deps.ledger.actions.read(action.id)) ?? action;
  return {
    kind: 'answer',
    status: 202,
    body: rowOf(now),
    headers: { Location: `/api/v1/actions/${now.id}` },
  };
}

async function runHere(id: ActionId, { ledger, config, clock }: ApiDeps): Promise<void> {
  const noCancels = (): Promise<never> =>
    Promise.reject(new Error('cancellations are given to workers by workers'));
  await runAction(
    { ledger, config: config(), clock, random: () => 0, enqueueCancels: noCancels },
    id,
    TURN_MS,
  );
}

/** Whom the audit names for a request. */
export function actorOf({ name, kind, role, ip }: Principal): Actor {
  return { by: { name, kind, role }, from: ip };
}

function rowOf(action: Action): ActionRow {
  const { id, kind, selection, about, start, state, plan: facts, progress, createdAtMs, endedAtMs } = action;
  return {
    id,
    kind,
    selection,
    about,
    reason: start?.reason ?? '',
    by: start?.by.name ?? '',
    from: start?.from ?? '',
    state: state === 'planned' ? 'running' : state,
    createdAt: new Date(createdAtMs).toISOString(),
    endedAt: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
    planned: { accounts: facts.accounts, hosts: facts.hosts },
    progress,
    message: action.message === '' ? facts.effect : action.message,
  };
}
