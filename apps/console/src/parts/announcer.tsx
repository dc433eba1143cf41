import { type ReactElement, useSyncExternalStore } from 'react';

let said = '';
const listeners = new Set<() => void>();

/** Says something to a screen reader, without moving the focus. */
export function announce(text: string): void {
  said = text;
  for (const listener of listeners) listener();
}

/** Where `announce` is heard; once on the page. */
export function Announcer(): ReactElement {
  const text = useSyncExternalStore(watch, () => said);
  return (
    <div id="announcer" role="status" aria-live="polite" className="unseen">
      {text}
    </div>
  );
}

function watch(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
