/** What stands where data should be: nothing there, not there yet, could not be read. */
import { CircleAlert, Inbox } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { problemOf } from '../api/problem.ts';
import './states-of-view.css';

/** There is nothing to show, and that is known. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <div className="view-state">
      <Inbox aria-hidden />
      <p className="view-state__title">{title}</p>
      {children === undefined ? null : <div className="quiet">{children}</div>}
    </div>
  );
}

/** It is being read. The bars have about the height of what comes. */
export function Loading({
  what,
  rows = 4,
}: {
  readonly what: string;
  readonly rows?: number | undefined;
}): ReactElement {
  return (
    <div className="view-loading" role="status">
      <span className="unseen">{what}: being read.</span>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} className="view-loading__bar" aria-hidden />
      ))}
    </div>
  );
}

/** It could not be read: what the API said, and a way to ask again. */
export function Failed({
  what,
  error,
  onRetry,
}: {
  readonly what: string;
  readonly error: unknown;
  readonly onRetry?: () => void;
}): ReactElement {
  const problem = problemOf(error);
  return (
    <div className="view-state view-state--failed" role="alert">
      <CircleAlert aria-hidden />
      <p className="view-state__title">
        {what}: {problem?.title ?? 'the page has a fault'}
      </p>
      <div className="quiet breaks">
        {/* Faults that are named one by one say more than their sum. */}
        {problem?.errors === undefined
          ? (problem?.detail ?? (error instanceof Error ? error.message : String(error)))
          : null}
        <ul>
          {problem?.errors?.map(({ parameter, pointer, detail }) => (
            <li key={`${parameter ?? pointer ?? ''} ${detail}`}>
              <code>{parameter ?? pointer}</code> {detail}
            </li>
          ))}
        </ul>
      </div>
      {onRetry === undefined ? null : (
        <button type="button" className="button" onClick={onRetry}>
          Ask again
        </button>
      )}
    </div>
  );
}

/** What `useQuery` says of a resource, as far as a view needs it. */
interface Asked<Data> {
  readonly data: Data | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
}

/** Shows data that is there, even when asking for newer failed: the banner of the page tells its age. */
export function Shown<Data>({
  of,
  what,
  rows,
  children,
}: {
  readonly of: Asked<Data>;
  readonly what: string;
  readonly rows?: number;
  readonly children: (data: Data) => ReactNode;
}): ReactNode {
  if (of.data !== undefined) return children(of.data);
  if (of.error !== null) return <Failed what={what} error={of.error} onRetry={() => void of.refetch()} />;
  return <Loading what={what} rows={rows} />;
}
