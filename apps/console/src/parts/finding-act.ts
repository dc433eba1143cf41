/** What can be done about a finding from the page. */
import type { FindingRow } from '@muster/api/findings';
import { plural } from '../format/numbers.ts';
import { scopeName } from '../format/wording.ts';
import type { Act } from './confirm-act.tsx';

/** Kinds that a resume of their scope ends. */
const RESUMED = new Set(['paused', 'brake-engaged', 'hold-first-send']);

/** The act that a finding asks for; null where nothing of ours ends it. */
export function actOfFinding({
  kind,
  scope,
  hosts,
  owner,
}: Pick<FindingRow, 'kind' | 'scope' | 'hosts' | 'owner'>): Act | null {
  if (RESUMED.has(kind)) return { kind: 'resume', selection: { scope }, title: `Resume ${scopeName(scope)}` };
  if (kind === 'wave-unapproved') {
    return { kind: 'approve', selection: { subject: scope }, title: `Approve ${scopeName(scope)}` };
  }
  if (kind === 'inventory-drop') {
    return { kind: 'accept-inventory', selection: { scope: 'all' }, title: 'Accept the inventory' };
  }
  // Causes that end by themselves are tried again without an order.
  if (kind.startsWith('cause:') && owner !== 'muster' && hosts !== null && hosts > 0) {
    return { kind: 'retry', selection: { scope }, title: `Retry ${plural(hosts, 'host')}` };
  }
  return null;
}
