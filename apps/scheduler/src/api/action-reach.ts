/** How far a principal's acts may reach: an API token that is bound to an account acts on that account, and on instances of it. */
import type { Selection } from '@muster/api/actions';
import type { Action } from '@muster/core/control/actions/action';
import type { Ledger } from '@muster/core/control/ledger';
import { covers, parseScope, type Scope } from '@muster/core/control/scope';
import { InstanceId } from '@muster/core/organization/ids';
import { mayActOn, type Principal } from '../access/principal.ts';

/** Whether a principal may ask for a selection. Of ids the ledger says where they are; one that it does not know may be anywhere. */
export async function mayAskFor(
  { enrollments }: Pick<Ledger, 'enrollments'>,
  principal: Principal,
  selection: Selection,
): Promise<boolean> {
  if (mayActOn(principal, 'scope' in selection ? selection.scope : null)) return true;
  const bound = placeOf(principal);
  const ids = idsOf(selection);
  if (bound === null || ids.length === 0) return false;
  const targets = await enrollments.targetsOf(ids);
  return ids.every((id) => {
    const target = targets.get(id);
    return target !== undefined && covers(bound, target);
  });
}

/** Whether a principal may begin or cancel what was planned, also by another: all that it would touch is looked at. */
export async function mayDecideOn(
  { actions }: Pick<Ledger, 'actions'>,
  principal: Principal,
  action: Action,
): Promise<boolean> {
  const { id, parts, selection } = action;
  if (mayActOn(principal, 'scope' in selection ? selection.scope : null)) return true;
  const bound = placeOf(principal);
  if (bound === null || parts === 0) return false;
  for (let cursor = 0; cursor < parts; cursor += 1) {
    const part = await actions.part(id, cursor);
    if (part === null || !covers(bound, part.target)) return false;
  }
  return true;
}

/** Of a token that is bound to an account or a region; null for all others. A cause holds other hosts from one moment to the next. */
function placeOf({ scope = 'all' }: Principal): Scope | null {
  const bound = parseScope(scope);
  return bound?.kind === 'account' || bound?.kind === 'region' ? bound : null;
}

function idsOf(selection: Selection): readonly InstanceId[] {
  if ('instances' in selection) return selection.instances.map((id) => InstanceId.parse(id));
  const scope = 'scope' in selection ? parseScope(selection.scope) : null;
  return scope?.kind === 'instance' ? [scope.value] : [];
}
