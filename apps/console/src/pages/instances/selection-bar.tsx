import type { ActionKind } from '@muster/api/actions';
import { Ban, Pause, RotateCw } from 'lucide-react';
import type { ReactElement } from 'react';
import { figure, plural } from '../../format/numbers.ts';
import type { Act } from '../../parts/confirm-act.tsx';
import type { Search } from '../../parts/search.ts';
import { askedSelection, type Chosen, NOTHING, sizeOf } from './selection.ts';

/** What can be done with hosts that are chosen, the usual first. */
const ACTS = [
  { kind: 'retry', verb: 'Retry', icon: RotateCw },
  { kind: 'pause', verb: 'Pause', icon: Pause },
  { kind: 'cancel', verb: 'Cancel', icon: Ban },
] as const satisfies readonly { kind: ActionKind; verb: string; icon: unknown }[];

/** How many are chosen, all that match with one press, and what to do with them. Each act shows first what it would touch. */
export function SelectionBar({
  chosen,
  total,
  filters,
  isSettled,
  onChoose,
  onAct,
}: {
  readonly chosen: Chosen;
  readonly total: number;
  readonly filters: Search;
  /** False while the rows are still those of the filters before: nothing is ordered by what they say. */
  readonly isSettled: boolean;
  readonly onChoose: (chosen: Chosen) => void;
  readonly onAct: (act: Act) => void;
}): ReactElement {
  const size = sizeOf(chosen, total);
  const selection = askedSelection(chosen, filters);
  return (
    <div className="selection-bar" role="group" aria-label="Chosen instances">
      <span>
        {size === 0 ? <span className="quiet">{plural(total, 'instance')}</span> : `${figure(size)} chosen`}
      </span>
      {chosen.kind === 'rows' && size < total ? (
        <button
          type="button"
          className="button button--plain button--small"
          onClick={() => {
            onChoose({ kind: 'matching' });
          }}
        >
          {Object.keys(filters).length === 0
            ? `Choose all ${figure(total)}`
            : `Choose all ${figure(total)} that match`}
        </button>
      ) : null}
      {size > 0 ? (
        <button
          type="button"
          className="button button--plain button--small"
          onClick={() => {
            onChoose(NOTHING);
          }}
        >
          Choose none
        </button>
      ) : null}
      <span className="selection-bar__acts">
        {ACTS.map(({ kind, verb, icon: Icon }) => (
          <button
            key={kind}
            type="button"
            className="button button--small"
            disabled={selection === null || !isSettled}
            onClick={() => {
              if (selection !== null) onAct({ kind, selection, title: `${verb} ${plural(size, 'host')}` });
            }}
          >
            <Icon aria-hidden />
            {verb}
          </button>
        ))}
      </span>
    </div>
  );
}
