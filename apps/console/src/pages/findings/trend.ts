/** How the hosts of a finding have grown or shrunk. */
import type { FindingRow } from '@muster/api/findings';
import { figure } from '../../format/numbers.ts';
import type { Tone } from '../../format/wording.ts';

/** A sentence, and whether it is good news; null where history does not tell. */
export function trendOf({
  hosts,
  trend,
}: Pick<FindingRow, 'hosts' | 'trend'>): { readonly tone: Tone; readonly text: string } | null {
  if (hosts === null || trend === null) return null;
  const before = trend.dayAgo ?? trend.hourAgo;
  if (before === null) return null;
  const span = trend.dayAgo === null ? 'an hour' : 'a day';
  const change = hosts - before;
  if (change === 0) return { tone: 'off', text: `as ${span} ago` };
  return change > 0
    ? { tone: 'bad', text: `${figure(change)} more than ${span} ago` }
    : { tone: 'good', text: `${figure(-change)} fewer than ${span} ago` };
}
