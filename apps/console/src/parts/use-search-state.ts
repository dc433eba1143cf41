import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { Search } from './search.ts';

/** The address's parameters, and a function that changes some of them: an empty text removes one. */
export function useSearchState(): readonly [Search, (change: Search) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback(
    (some: Search) => {
      void navigate({
        to: '.',
        search: (before) => ({ ...before, ...some }),
        // Typing in a field makes no entry per letter for the way back.
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [search, change];
}
