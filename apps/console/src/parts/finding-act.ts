/** What can be done about a finding from the page. */
import type { FindingRow } from '@muster/api/findings';
import { plural } from '../format/numbers.ts';
import { scopeName } from '../format/wording.ts';
import type { Act } from './confirm-act.tsx';

/** The act that a finding asks for, with its button's words; null where nothing of ours ends it. */
export function actOfFinding({ act, scope, hosts }: Pick<FindingRow, 'act' | 'scope' | 'hosts'>): Act | null {
  switch (act) {
    case null:
      return null;
    case 'retry':
      return {
        kind: act,
        selection: { scope },
        title: hosts === null ? 'Retry' : `Retry ${plural(hosts, 'host')}`,
      };
    case 'resume':
      return { kind: act, selection: { scope }, title: `Resume ${scopeName(scope)}` };
    case 'approve':
      return { kind: act, selection: { subject: scope }, title: `Approve ${scopeName(scope)}` };
    case 'accept-inventory':
      return { kind: act, selection: { scope: 'all' }, title: 'Accept the inventory' };
    default:
      return act satisfies never;
  }
}
