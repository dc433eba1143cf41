import type { Color } from '../guarded-output.ts';
import type { List } from './list.ts';
import { timeText } from './relative-time.ts';

/** One line of `muster findings --json` (docs/status-json.md). */
export interface FindingLine {
  /** A kind of finding, or the cause of instances. */
  readonly kind: string;
  /** `instances` for a cause. */
  readonly scope: string;
  readonly count: number;
  /** Null for a cause, whose hosts came one after another. */
  readonly since: string | null;
  readonly message: string;
  readonly remedy: string;
  readonly owner: string;
}

export const FINDING_LIST: List<FindingLine> = {
  noun: 'findings',
  fields: ['kind', 'scope', 'count', 'since', 'message', 'remedy', 'owner'],
  columns: [
    { field: 'count', title: 'count', align: 'right' },
    { field: 'kind', title: 'kind', color: ({ owner }) => colorOfOwner(owner) },
    { field: 'scope', title: 'scope' },
    { field: 'since', title: 'since', text: ({ since }, view) => timeText(since, view) },
    { field: 'owner', title: 'who' },
  ],
  under: ({ message, remedy }) => [message, `→ ${remedy}`],
};

/** What Muster tries again by itself is good to know; the rest needs a person. */
function colorOfOwner(owner: string): Color | null {
  return owner === 'muster' ? 'dim' : 'yellow';
}
