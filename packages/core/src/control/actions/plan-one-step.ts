/** Plans of the acts that are one step: a sweep, an approval, an inventory that is taken for true. */
import type { SweepScope } from '../../organization/request-sweep.ts';
import { plural } from '../../runtime/wording.ts';
import { type ApprovalRequest, wordOf } from '../approval.ts';
import { faultOfScope } from '../known-scope.ts';
import { pinInventory } from '../resume-effects.ts';
import { printScope, type Scope } from '../scope.ts';
import type { Draft, PlanDeps, PlanFault, Requested } from './plan.ts';

/** See `planAction`. */
export async function draftSweep({ ledger }: PlanDeps, asked: Requested): Promise<Draft | PlanFault> {
  const scope = asked.kind === 'scope' ? sweepScopeOf(asked.scope) : null;
  if (asked.kind !== 'scope' || scope === null) {
    return { fault: 'a sweep is about everything, an account or a region' };
  }
  const fault = await faultOfScope(ledger, asked.scope);
  if (fault !== null) return { fault };
  const ids = await ledger.coverage.accountIds();
  const accounts = scope.accountId === null ? ids.length : 1;
  const where = scope.region === null ? '' : `, in ${scope.region} alone`;
  const effect = `${plural(accounts, 'account')} will be read again now${where}. Nothing is sent by that alone.`;
  const plan = { accounts, hosts: 0, effect, skipped: [], some: [], ramp: null };
  return { about: printScope(asked.scope), plan };
}

/** Null for a scope that no sweep can be narrowed to. */
export function sweepScopeOf(scope: Scope): SweepScope | null {
  if (scope.kind === 'all') return { accountId: null, region: null };
  if (scope.kind === 'account') return { accountId: scope.value, region: null };
  return scope.kind === 'region' ? { accountId: null, region: scope.value } : null;
}

/** See `planAction`. */
export async function draftApproval({ ledger }: PlanDeps, asked: Requested): Promise<Draft | PlanFault> {
  if (asked.kind !== 'subject') return { fault: 'an approval is about a subject: what waits for one' };
  const found = findRequest(await ledger.approvals.requests(), asked.subject);
  if ('fault' in found) return found;
  const { request } = found;
  const { hosts, accounts, grow, detail } = request;
  const growth = `It may grow by ${Math.round(grow * 100)} % before it must be approved again.`;
  const plan = { accounts, hosts, effect: `${detail} ${growth}`, skipped: [], some: [], ramp: null };
  return { about: request.subject, plan, pinned: JSON.stringify(request) };
}

/** What an operator means, by the word that lists and findings show, or by its whole subject. */
export function findRequest(
  requests: readonly ApprovalRequest[],
  word: string,
): { readonly request: ApprovalRequest } | PlanFault {
  const meant = requests.filter((one) => one.subject === word || wordOf(one.subject) === word);
  const [request, ...more] = meant;
  if (request === undefined) {
    const words = requests.map(({ subject }) => wordOf(subject));
    const waiting = words.length === 0 ? 'nothing waits for an approval' : `what waits: ${words.join(', ')}`;
    return { fault: `${word} does not wait for an approval: ${waiting}` };
  }
  if (more.length === 0) return { request };
  const subjects = meant.map(({ subject }) => subject).join(', ');
  return { fault: `${word} is more than one, and each is approved by itself: ${subjects}` };
}

/** See `planAction`. */
export async function draftInventory({ ledger }: PlanDeps, asked: Requested): Promise<Draft | PlanFault> {
  if (asked.kind !== 'scope' || asked.scope.kind !== 'all') {
    return { fault: 'the inventory is one for all: its scope is all' };
  }
  const facts = await ledger.nodes.facts();
  if (!facts.dropped) {
    return { fault: 'no inventory waits to be accepted: the last reading lost no share of the nodes' };
  }
  const effect = `The smaller inventory is taken for true: ${facts.error ?? 'it lost nodes'}. The next reading is compared with it, and sends, repairs and clean-up go on.`;
  const plan = { accounts: 0, hosts: 0, effect, skipped: [], some: [], ramp: null };
  return { about: 'all', plan, pinned: pinInventory(facts) };
}
