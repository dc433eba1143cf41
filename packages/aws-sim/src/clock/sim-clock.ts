/**
 * One clock for everything the simulator delays. Time as AWS signs and dates it is real; only delays are shortened:
 * a delay of N simulated milliseconds lasts N / speed real ones.
 */
export interface SimClock {
  readonly speed: number;
  /** Real epoch milliseconds. */
  nowMs(): number;
  /** Real epoch milliseconds at which the clock was made. */
  readonly startedAtMs: number;
  /** Simulated milliseconds since the start. */
  elapsedSimMs(): number;
  /** Runs `action` after a simulated delay; the result cancels it. An action must not throw. */
  after(simMs: number, action: () => void): () => void;
  /** Resolves after a simulated delay; never, once the clock is closed. */
  sleep(simMs: number): Promise<void>;
  /** Drops all that is still waiting. */
  close(): void;
}

interface Entry {
  readonly dueMs: number;
  action: (() => void) | undefined;
}

/** Longest delay one Node timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A binary heap behind a single timer: a hundred thousand hosts installing at once are a hundred thousand small
 * entries, not as many timers, and closing is one call.
 */
export function createSimClock(speed: number): SimClock {
  const heap: Entry[] = [];
  const startedAtMs = Date.now();
  let timer: NodeJS.Timeout | undefined;
  let timerDueMs = Number.POSITIVE_INFINITY;
  let closed = false;
  /** While an action runs: when it was due. What it schedules counts from there, so that a busy process falls behind as a whole and never changes an order. */
  let actingAtMs: number | undefined;

  function arm(): void {
    const first = heap[0];
    if (first === undefined || closed || first.dueMs >= timerDueMs) return;
    clearTimeout(timer);
    timerDueMs = first.dueMs;
    timer = setTimeout(run, Math.min(MAX_TIMER_MS, Math.max(0, first.dueMs - Date.now())));
    timer.unref();
  }

  function run(): void {
    timerDueMs = Number.POSITIVE_INFINITY;
    const nowMs = Date.now();
    for (let first = heap[0]; first !== undefined && first.dueMs <= nowMs; first = heap[0]) {
      removeFirst(heap);
      actingAtMs = first.dueMs;
      first.action?.();
    }
    actingAtMs = undefined;
    arm();
  }

  function after(simMs: number, action: () => void): () => void {
    const entry: Entry = { dueMs: (actingAtMs ?? Date.now()) + Math.max(0, simMs) / speed, action };
    if (!closed) {
      insert(heap, entry);
      arm();
    }
    return () => {
      entry.action = undefined;
    };
  }

  return {
    speed,
    startedAtMs,
    nowMs: () => Date.now(),
    elapsedSimMs: () => (Date.now() - startedAtMs) * speed,
    after,
    sleep: (simMs) => new Promise((resolve) => void after(simMs, resolve)),
    close() {
      closed = true;
      clearTimeout(timer);
      heap.length = 0;
    },
  };
}

function insert(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt];
    if (parent === undefined || parent.dueMs <= entry.dueMs) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = entry;
}

function removeFirst(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const leftAt = 2 * at + 1;
    const left = heap[leftAt];
    if (left === undefined) break;
    const right = heap[leftAt + 1];
    const [childAt, child] =
      right !== undefined && right.dueMs < left.dueMs ? [leftAt + 1, right] : [leftAt, left];
    if (child.dueMs >= last.dueMs) break;
    heap[at] = child;
    at = childAt;
  }
  heap[at] = last;
}
