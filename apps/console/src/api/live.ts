/** Keeps what the page shows fresh: one stream of server-sent events says which resources changed, and they are asked for again. */
import type { ChangedEvent } from '@muster/api/events';
import type { QueryClient } from '@tanstack/react-query';
import { refreshAll } from './refresh.ts';

/** Without the stream everything that is shown is asked for again this often. */
const POLL_MS = 10_000;
/** A browser reconnects by itself, except after an answer that is an error: then the page opens a new stream. */
const REOPEN_MS = 15_000;

/** The first answers are newer than the page itself: what changed until the stream stood is asked for when the page has been drawn. */
const AFTER_FIRST_PAGE_MS = 2_000;

/**
 * Follows the stream while the page can be seen, until it is told to end. A browser keeps six connections to a server that speaks
 * HTTP/1.1, over all of its tabs: streams of tabs in the background would leave none for the one that is opened next. The first part
 * of a query's key is the name of its resource.
 */
export function followChanges(client: QueryClient): () => void {
  let stream: EventSource | null = null;
  let isOpen = false;
  let hasBeenOpen = false;

  const open = (): void => {
    stream = new EventSource('/api/v1/events');
    stream.addEventListener('open', () => {
      // What changed before it stood was told to nothing.
      if (!isOpen) setTimeout(() => void refreshAll(client), hasBeenOpen ? 0 : AFTER_FIRST_PAGE_MS);
      [isOpen, hasBeenOpen] = [true, true];
    });
    stream.addEventListener('error', () => {
      isOpen = false;
    });
    stream.addEventListener('changed', (event) => {
      for (const resource of resourcesOf(event.data)) void client.invalidateQueries({ queryKey: [resource] });
    });
  };

  const followWhileSeen = (): void => {
    if (document.visibilityState === 'visible') {
      if (stream === null) open();
      return;
    }
    stream?.close();
    [stream, isOpen] = [null, false];
  };

  followWhileSeen();
  document.addEventListener('visibilitychange', followWhileSeen);
  const poll = setInterval(() => {
    if (!isOpen && document.visibilityState === 'visible') void refreshAll(client);
  }, POLL_MS);
  const reopen = setInterval(() => {
    if (stream?.readyState === EventSource.CLOSED) open();
  }, REOPEN_MS);
  return () => {
    clearInterval(poll);
    clearInterval(reopen);
    document.removeEventListener('visibilitychange', followWhileSeen);
    stream?.close();
  };
}

/** The names in an event; none in one that this page cannot read. */
export function resourcesOf(data: unknown): readonly string[] {
  if (typeof data !== 'string') return [];
  try {
    const event = JSON.parse(data) as Partial<ChangedEvent> | null;
    return Array.isArray(event?.resources) ? event.resources : [];
  } catch {
    return [];
  }
}
