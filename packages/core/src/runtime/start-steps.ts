import { hostname } from 'node:os';

/** What a start has opened so far, and what becomes of it when the start fails. */
export interface StartSteps {
  /** To be closed, too, when a later step fails. */
  opened(close: () => Promise<void>): void;
  /** Waits for a step; closes all that was opened when it fails, and throws on. */
  step<T>(work: Promise<T>): Promise<T>;
}

/**
 * A start that fails leaves nothing open: a connection or a server would hold the process, which does no work, and no
 * supervisor would start another.
 */
export function createStartSteps(): StartSteps {
  const open: (() => Promise<void>)[] = [];
  return {
    opened: (close) => {
      open.push(close);
    },
    step: async (work) => {
      try {
        return await work;
      } catch (error) {
        await Promise.allSettled(open.map((close) => close()));
        throw error;
      }
    },
  };
}

/** This process as findings name it: host (the container's id, in a container) and process id. */
export function processName(): string {
  return `${hostname()}/${process.pid}`;
}
