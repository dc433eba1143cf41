import { type ReactElement, useEffect, useRef, useSyncExternalStore } from 'react';
import { type Connection, connection, watchConnection } from '../api/connection.ts';
import { duration } from '../format/time.ts';
import { announce } from '../parts/announcer.tsx';
import { useNow } from '../parts/use-now.ts';

/** Over the page while what it shows may be old, and what to do about it. */
export function ConnectionBanner(): ReactElement | null {
  const { state, detail, asOfMs } = useConnection();
  const nowMs = useNow();
  useAnnounced(state, detail);
  if (state !== 'away' && state !== 'stale') return null;
  return (
    <div className={`banner banner--${state}`} role="alert">
      <strong id="outage-title">{titleOf(state, detail)}</strong>{' '}
      <span id="outage-detail">
        {asOfMs === null
          ? 'Nothing could be read yet.'
          : `What you see was read ${duration(nowMs - asOfMs)} ago.`}{' '}
        The page asks again by itself.
      </span>
    </div>
  );
}

/** Whether the page is live, in the top bar. */
export function Freshness(): ReactElement {
  const { state, asOfMs } = useConnection();
  const nowMs = useNow();
  return (
    <span id="freshness" data-state={state} className={`freshness freshness--${state}`}>
      {state === 'live' ? 'Live' : state === 'waiting' ? 'Connecting' : 'Not live'}
      {state === 'live' || asOfMs === null ? null : (
        <span className="freshness__age">, read {duration(nowMs - asOfMs)} ago</span>
      )}
    </span>
  );
}

function titleOf(state: Connection['state'], detail: string | null): string {
  return state === 'away'
    ? (detail ?? 'The scheduler does not answer.')
    : 'The scheduler knows that there is newer data, and cannot show it yet.';
}

function useConnection(): Connection {
  return useSyncExternalStore(watchConnection, connection);
}

function useAnnounced(state: Connection['state'], detail: string | null): void {
  const told = useRef(state);
  useEffect(() => {
    if (told.current === state) return;
    const before = told.current;
    told.current = state;
    if (state === 'live' && before !== 'waiting') announce('The page is live again.');
    else if (state === 'away' || state === 'stale') announce(titleOf(state, detail));
  }, [state, detail]);
}
