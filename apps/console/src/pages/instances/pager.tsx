import { ChevronLeft, ChevronRight } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { INSTANCES_AT_ONCE } from '../../api/fleet-queries.ts';
import { figure } from '../../format/numbers.ts';

/** Where the operator has paged to. */
export interface Pages {
  /** Of the page that is shown; null for the first. */
  readonly cursor: string | null;
  /** From 0. */
  readonly page: number;
  readonly goOn: (next: string) => void;
  readonly goBack: () => void;
}

/** Pages of a list; with other filters or another sort (`about`) it begins with the first again. */
export function usePages(about: string): Pages {
  const [state, setState] = useState<{ readonly about: string; readonly trail: readonly string[] }>({
    about,
    trail: [],
  });
  const trail = state.about === about ? state.trail : [];
  return {
    cursor: trail.at(-1) ?? null,
    page: trail.length,
    goOn: (next) => {
      setState({ about, trail: [...trail, next] });
      scrollTo({ top: 0 });
    },
    goBack: () => {
      setState({ about, trail: trail.slice(0, -1) });
      scrollTo({ top: 0 });
    },
  };
}

/** Which rows are shown, and the ways to the others. */
export function Pager({
  pages,
  rows,
  total,
  next,
  isSettled,
}: {
  readonly pages: Pages;
  readonly rows: number;
  readonly total: number;
  readonly next: string | null;
  /** False while the rows are those of another page or of the filters before: their cursor leads nowhere here. */
  readonly isSettled: boolean;
}): ReactElement {
  const first = pages.page * INSTANCES_AT_ONCE + 1;
  return (
    <nav className="pager" aria-label="Pages of the list">
      <span className="quiet">
        {figure(first)}–{figure(first + rows - 1)} of {figure(total)}
      </span>
      <button
        type="button"
        className="button button--small"
        disabled={pages.page === 0}
        onClick={pages.goBack}
      >
        <ChevronLeft aria-hidden />
        Previous
      </button>
      <button
        type="button"
        className="button button--small"
        disabled={next === null || !isSettled}
        onClick={() => {
          if (next !== null) pages.goOn(next);
        }}
      >
        Next
        <ChevronRight aria-hidden />
      </button>
    </nav>
  );
}
