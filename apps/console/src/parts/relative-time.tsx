import type { ReactElement } from 'react';
import { relative, utc } from '../format/time.ts';
import { useNow } from './use-now.ts';

/** A time as its distance from now, with the time itself in UTC under the pointer. `—` for null. */
export function RelativeTime({ at }: { readonly at: string | null }): ReactElement {
  const nowMs = useNow();
  if (at === null) return <span className="quiet">—</span>;
  return (
    <time className="nowrap" dateTime={at} title={utc(at)}>
      {relative(at, nowMs)}
    </time>
  );
}
