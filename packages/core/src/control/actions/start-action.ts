/** Begins an action that was planned, or cancels one that runs; both are told by the audit. */
import type { MusterConfig } from '../../config/model.ts';
import { plural } from '../../runtime/wording.ts';
import type { Actor, AuditNote, AuditResult } from '../audit/audit-entry.ts';
import type { Ledger } from '../ledger.ts';
import { isPinnedInventory } from '../resume-effects.ts';
import { readTouched } from '../touched-hosts.ts';
import { type Action, type ActionId, isBulk } from './action.ts';
import { OTHER_INVENTORY, readShownResume, scopeOfAction, scopesOf } from './scopes-of-action.ts';

/** What became of a request to begin a plan. */
export type StartResult =
  /** It runs, or has run already: begun now, or before by the same key. */
  | { readonly kind: 'begun'; readonly action: Action; readonly isNew: boolean }
  /** There is no such plan, or its hour is over. */
  | { readonly kind: 'missing' }
  /** The key began something else, the plan was begun by another one, or what it was made on has changed. */
  | { readonly kind: 'conflict'; readonly reason: string };

/** By how much what a plan touches may have grown until it begins: in share, or in hosts where that is more. */
const MAY_GROW = { share: 0.1, hosts: 20 };

/**
 * Begins a plan. The same key and digest again come to the same action, however often they are sent.
 *
 * @param request.goOnInMs in how long a worker goes on with it where this process does not
 */
export async function startAction(
  { ledger, config }: { readonly ledger: Ledger; readonly config: Pick<MusterConfig, 'limits'> },
  id: ActionId,
  actor: Actor,
  request: {
    readonly key: string;
    readonly digest: string;
    readonly reason: string;
    readonly goOnInMs: number;
  },
): Promise<StartResult> {
  const planned = await ledger.actions.read(id);
  if (planned?.state === 'planned') {
    const changed = await whyOutdated({ ledger, config }, planned);
    if (changed !== null) return { kind: 'conflict', reason: changed };
  }
  const start = { by: actor.by, from: actor.from, reason: request.reason };
  const { outcome, id: begun } = await ledger.actions.start(id, start, request);
  const action = outcome === 'missing' ? null : await ledger.actions.read(begun);
  if (action === null) return { kind: 'missing' };
  if (outcome === 'other') {
    return { kind: 'conflict', reason: `the key began another action: ${begun}` };
  }
  if (outcome === 'begun') return { kind: 'conflict', reason: 'the plan was begun already: plan again' };
  if (outcome === 'started' && isBulk(action.kind)) await noteAction(ledger, action, 'begun');
  return { kind: 'begun', action, isNew: outcome === 'started' };
}

/** Stops what has not been done of an action. What was done stays. @returns false when it does not run */
export async function cancelAction(
  { ledger }: { readonly ledger: Ledger },
  action: Action,
  actor: Actor,
): Promise<boolean> {
  const message = `canceled by ${actor.by.name}`;
  if (!(await ledger.actions.end(action.id, 'canceled', message))) return false;
  const now = (await ledger.actions.read(action.id)) ?? action;
  await ledger.audit.append({ ...noteOf(now, 'canceled'), ...actor }, `action:${action.id}:canceled`);
  return true;
}

/** Tells the audit of an action, once for each of its ends. */
export async function noteAction(
  { audit }: Pick<Ledger, 'audit'>,
  action: Action,
  result: AuditResult,
): Promise<void> {
  await audit.append(noteOf(action, result), `action:${action.id}:${result}`);
}

function noteOf(action: Action, result: AuditResult): AuditNote {
  const { id, kind, about, plan, progress, message, start } = action;
  const { done, skipped, failed, total } = progress;
  const sums = isBulk(kind)
    ? `${done} of ${plural(total, 'host')} done, ${skipped} left alone${failed > 0 ? `, ${failed} failed` : ''}`
    : '';
  return {
    by: start?.by ?? { name: 'unknown', kind: 'muster', role: null },
    from: start?.from ?? '',
    act: kind,
    scope: about,
    dryRun: { accounts: plan.accounts, hosts: plan.hosts },
    basis: `plan ${id}`,
    result,
    detail: result === 'begun' ? plan.effect : [message, sums].filter((text) => text !== '').join('; '),
    reason: start?.reason ?? '',
  };
}

/** What has changed since the plan was shown, so that it must be shown again; null for what may begin. */
async function whyOutdated(
  { ledger, config }: Parameters<typeof startAction>[0],
  action: Action,
): Promise<string | null> {
  const { kind, plan, pinned, selection } = action;
  if (kind === 'approve') {
    const subject = 'subject' in selection ? selection.subject : '';
    const waits = (await ledger.approvals.requests()).some(
      ({ subject: one }) => pinnedSubject(pinned) === one,
    );
    return waits ? null : `${subject} does not wait for an approval any more`;
  }
  if (kind === 'accept-inventory') {
    const facts = await ledger.nodes.facts();
    return facts.dropped && isPinnedInventory(facts, pinned) ? null : OTHER_INVENTORY;
  }
  const resume =
    kind === 'resume'
      ? await readShownResume({ ledger, config }, action, await scopesOf(ledger, action))
      : null;
  const unshown = resume?.unshown ?? null;
  if (unshown !== null) return `it would end ${unshown} by now, which was not shown: plan again`;
  const scope = scopeOfAction(action);
  // To stop is never too much, a sweep sends nothing, and a list does not grow.
  if (scope === null || kind === 'pause' || kind === 'sweep') return null;
  const { hosts } = await readTouched(ledger, kind, scope, new Set(resume?.stillPaused ?? []));
  const most = Math.max(plan.hosts * (1 + MAY_GROW.share), plan.hosts + MAY_GROW.hosts);
  return hosts <= most
    ? null
    : `it would touch ${hosts} hosts by now, and ${plan.hosts} were shown: plan again`;
}

function pinnedSubject(pinned: string | null): string {
  const request: unknown = JSON.parse(pinned ?? '{}');
  return typeof request === 'object' && request !== null && 'subject' in request
    ? String(request.subject)
    : '';
}
