/**
 * Tells pages what has changed, so that they ask again for what they show and for nothing else. Once a second, while a page
 * listens, the feed compares a mark of each resource with the one before, and takes in what the read model has written. One
 * event says all of it, for all pages. A page that takes events more slowly gets several as one. While no page listens the feed
 * does not look; what has changed meanwhile it finds with its next look.
 */
import { randomBytes } from 'node:crypto';
import type { ChangedEvent } from '@muster/api/events';
import { messageOf } from '@muster/core/runtime/errors';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { ModelChange } from '../read-model/follow-ledger.ts';
import type { ReadModel } from '../read-model/read-model.ts';

export type Resource = ChangedEvent['resources'][number];

/** A word per resource that is another one when its answers may be. */
export type ResourceMarks = Readonly<Partial<Record<Resource, string>>>;

/** What has changed between two looks. */
interface Change {
  readonly resources: ReadonlySet<Resource>;
  /** Null: more than can be named. */
  readonly instances: ReadonlySet<string> | null;
}

/** A change as pages are told it. */
interface Told extends Change {
  /** Of this feed alone, so that an id of another scheduler, or of this one before its restart, is known to be another's. */
  readonly id: string;
}

/** What instances and places are part of. */
const OF_INSTANCES: readonly Resource[] = ['overview', 'accounts', 'targets', 'instances'];
const OF_PLACES: readonly Resource[] = ['overview', 'accounts', 'targets'];
const EVERYTHING: readonly Resource[] = [
  ...OF_INSTANCES,
  'findings',
  'rollout',
  'sweeps',
  'actions',
  'audit',
  'configuration',
  'processes',
];

const LOOK_EVERY_MS = 1_000;
/** Events that are kept for pages that come back: five minutes of them. */
const KEPT = 300;
const MOST_NAMED = 100;
/** A proxy closes what is silent for a minute. */
const HEARTBEAT_MS = 15_000;
/** A stream ends after this, and the browser opens another one. */
const LONGEST_STREAM_MS = 10 * 60_000;

interface Listener {
  /** Whose page it is. */
  readonly who: string;
  waiting: Told | null;
  wake: () => void;
}

/** The feed of one scheduler. */
export interface ChangeFeed {
  /**
   * Events as text, until `signal` is aborted, the page may not look any more, or the stream has lasted ten minutes.
   *
   * @param who whose page it is, for `listeners`
   * @param lastId of the last event that the page has seen; null for a page that begins. Of an id that this feed did not give, or does not
   *   reach back to, the first event names every resource
   * @param isStillKnown asked every fifteen seconds
   */
  follow(
    who: string,
    lastId: string | null,
    signal: AbortSignal,
    isStillKnown: () => Promise<boolean>,
  ): AsyncGenerator<string, void, undefined>;
  /** @param who only those of one principal. @default all */
  listeners(who?: string): number;
}

export function createChangeFeed(deps: {
  readonly model: Pick<ReadModel, 'subscribe'>;
  readonly readMarks: () => Promise<ResourceMarks>;
  readonly clock: Clock;
  readonly log: Logger;
}): ChangeFeed {
  const { model, readMarks, clock, log } = deps;
  const listeners = new Set<Listener>();
  const memory = createMemory();
  let marks: ResourceMarks = {};
  /** What the read model has written since the last look. */
  let written: Change | null = null;
  /** Ends the wait between two looks; null while the feed does not look. */
  let looking: AbortController | null = null;

  /** Resolves when `marks` say where the feed began. */
  let beginning: Promise<void> | null = null;

  async function beginToKeep(): Promise<void> {
    model.subscribe((change) => {
      written = merge(written, changeOf(change));
    });
    marks = await tryMarks({});
  }

  async function look(idle: AbortSignal): Promise<void> {
    await (beginning ??= beginToKeep());
    while (!idle.aborted) {
      const news = await tryMarks(marks);
      const marked = EVERYTHING.filter((one) => marks[one] !== news[one]);
      const change = written;
      [marks, written] = [news, null];
      tell(merge(change, { resources: new Set(marked), instances: new Set() }));
      await clock.sleep(LOOK_EVERY_MS, idle).catch(() => undefined);
    }
  }

  /** While Redis is away nothing is known to have changed. */
  async function tryMarks(before: ResourceMarks): Promise<ResourceMarks> {
    try {
      return await readMarks();
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'the feed of changes could not look');
      return before;
    }
  }

  function tell(change: Change): void {
    if (change.resources.size === 0) return;
    const told = memory.keep(change);
    for (const listener of listeners) {
      listener.waiting = merge(listener.waiting, told);
      listener.wake();
    }
  }

  function begin(): void {
    if (looking !== null) return;
    const idle = new AbortController();
    looking = idle;
    look(idle.signal).catch((error: unknown) => {
      log.error({ err: error }, 'the feed of changes failed');
      if (looking === idle) looking = null;
    });
  }

  function leave(listener: Listener): void {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    looking?.abort();
    looking = null;
  }

  return {
    async *follow(who, lastId, signal, isStillKnown) {
      const endAtMs = clock.monotonicMs() + LONGEST_STREAM_MS;
      const mayGoOn = askNowAndThen(isStillKnown, clock);
      const listener: Listener = {
        who,
        waiting: lastId === null ? null : memory.missedSince(lastId),
        wake: () => undefined,
      };
      listeners.add(listener);
      begin();
      try {
        yield 'retry: 2000\n\n';
        while (!signal.aborted && clock.monotonicMs() < endAtMs) {
          if (listener.waiting === null) await nextOrHeartbeat(listener, signal);
          if (!(await mayGoOn())) return;
          const { waiting } = listener;
          listener.waiting = null;
          yield waiting === null ? ': still here\n\n' : printEvent(waiting);
        }
      } finally {
        leave(listener);
      }
    },
    listeners: (who) =>
      who === undefined ? listeners.size : [...listeners].filter((one) => one.who === who).length,
  };

  function nextOrHeartbeat(listener: Listener, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(HEARTBEAT_MS, resolve);
    listener.wake = resolve;
    signal.addEventListener('abort', () => resolve(), { once: true });
    return promise.finally(cancel);
  }
}

/** Asks at most once in the time of a heartbeat; in between the answer is yes. */
function askNowAndThen(
  isStillKnown: () => Promise<boolean>,
  clock: Pick<Clock, 'monotonicMs'>,
): () => Promise<boolean> {
  let askAtMs = clock.monotonicMs() + HEARTBEAT_MS;
  return async () => {
    if (clock.monotonicMs() < askAtMs) return true;
    askAtMs = clock.monotonicMs() + HEARTBEAT_MS;
    return isStillKnown();
  };
}

function changeOf({ instances, places }: ModelChange): Change {
  const some = instances === null || instances.length > 0;
  return {
    resources: new Set([...(some ? OF_INSTANCES : []), ...(places ? OF_PLACES : [])]),
    instances: instances === null ? null : new Set(instances),
  };
}

/** The last changes, for pages that come back. */
function createMemory() {
  const feed = randomBytes(6).toString('hex');
  let kept: readonly Told[] = [];
  /** How many were told. */
  let last = 0;
  return {
    keep(change: Change): Told {
      last += 1;
      const told = { ...change, id: `${feed}-${last}` };
      kept = [...kept, told].slice(-KEPT);
      return told;
    },

    /** What a page has missed that has seen everything up to `lastId`; null when nothing. */
    missedSince(lastId: string): Told | null {
      const [of, nth] = lastId.split('-');
      const missed = of === feed ? last - Number(nth) : NaN;
      if (missed >= 0 && missed <= kept.length) {
        return kept.slice(kept.length - missed).reduce<Told | null>(merge, null);
      }
      // From here on the page is told exactly.
      return { id: `${feed}-${last}`, resources: new Set(EVERYTHING), instances: null };
    },
  };
}

function merge<Later extends Change>(one: Change | null, other: Later): Later {
  if (one === null) return other;
  const instances =
    one.instances === null || other.instances === null
      ? null
      : new Set([...one.instances, ...other.instances]);
  return {
    ...other,
    resources: new Set([...one.resources, ...other.resources]),
    instances: instances === null || instances.size > MOST_NAMED ? null : instances,
  };
}

function printEvent({ id, resources, instances }: Told): string {
  const data: ChangedEvent = {
    resources: [...resources],
    instances: instances === null ? null : [...instances],
  };
  return `id: ${id}\nevent: changed\ndata: ${JSON.stringify(data)}\n\n`;
}
