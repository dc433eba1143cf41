/** What a request of an action asks for, in the words of the actions themselves. */
import { hash } from 'node:crypto';
import type { ActionRequest, Selection } from '@muster/api/actions';
import { type Action, IDS_SHOWN } from '@muster/core/control/actions/action';
import type { PlanFault, Requested } from '@muster/core/control/actions/plan';
import { parseScope } from '@muster/core/control/scope';
import { InstanceId } from '@muster/core/organization/ids';
import type { InstanceFilter } from '@muster/api/instances';
import type { ReadModel } from '../read-model/read-model.ts';
import { searchWords } from '../read-model/search-text.ts';

/** A filter is answered by the read model when the plan is made; what it gives then is what is done. */
export function askedOf(
  selection: Selection,
  { readModel }: { readonly readModel: Pick<ReadModel, 'instancesOf'> },
): Requested | PlanFault {
  if ('scope' in selection) {
    const scope = parseScope(selection.scope);
    return scope === null
      ? { fault: 'A scope is all, account:ID, region:NAME, instance:ID or cause:NAME.' }
      : { kind: 'scope', scope };
  }
  if ('instances' in selection) {
    return { kind: 'list', ids: selection.instances.map((id) => InstanceId.parse(id)) };
  }
  if ('subject' in selection) return { kind: 'subject', subject: selection.subject };
  const filter = wordsOf(selection.filter);
  if (Object.keys(filter).length === 0 || Object.values(filter).some(isBlank)) {
    return {
      fault: 'A filter without a word is everything, and so is one of spaces: say so by {"scope": "all"}.',
    };
  }
  return { kind: 'filter', filter, ids: idsOf(readModel, selection.filter) };
}

/** Whether a parameter of a filter says nothing. */
function isBlank(value: unknown): boolean {
  return [value].flat().some((word) => typeof word !== 'string' || searchWords(word).length === 0);
}

async function* idsOf(
  readModel: Pick<ReadModel, 'instancesOf'>,
  filter: InstanceFilter,
): AsyncGenerator<InstanceId> {
  for await (const { instanceId } of readModel.instancesOf(filter)) {
    const id = InstanceId.safeParse(instanceId);
    if (id.success) yield id.data;
  }
}

function wordsOf(filter: InstanceFilter): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** What a key stands for: the same key with another body is refused. */
export function digestOf({ kind, selection, reason, plan }: ActionRequest): string {
  return hash('sha256', JSON.stringify([kind, selection, reason, plan]));
}

/** Whether a plan was made for this selection; of a long list the first ids are compared. The plan alone is what is done. */
export function isSameSelection({ selection: planned }: Action, asked: Selection): boolean {
  if ('scope' in planned) return 'scope' in asked && asked.scope === planned.scope;
  if ('subject' in planned) return 'subject' in asked && asked.subject === planned.subject;
  if ('instances' in planned) {
    return (
      'instances' in asked &&
      JSON.stringify(asked.instances.slice(0, IDS_SHOWN)) === JSON.stringify(planned.instances)
    );
  }
  return 'filter' in asked && JSON.stringify(wordsOf(asked.filter)) === JSON.stringify(planned.filter);
}
