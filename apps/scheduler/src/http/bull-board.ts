/** Bull Board itself: the one file that knows its libraries. Loaded by queue-board.ts with the first visit. */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Router } from 'express';
import type { QueueName } from '@muster/core/jobs/define-job';

/** A handle on a queue, as `boardQueues` of core makes them. */
export type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0];

/** One board for each role that may look. */
export interface Boards {
  readonly viewer: Router;
  readonly operator: Router;
}

const DESCRIPTIONS: Readonly<Record<QueueName, string>> = {
  discovery: 'Lists accounts, regions and instances',
  enrollment: 'Sends installs, follows commands, verifies that nodes joined',
  inventory: 'Reads the nodes of the Teleport cluster',
  notifications: 'Tells the channels of muster.notify',
};

/** @param path where the boards are mounted: their pages carry it */
export function makeBoards(queues: readonly BoardQueue[], path: string): Boards {
  return { viewer: boardOf(queues, 'viewer', path), operator: boardOf(queues, 'operator', path) };
}

function boardOf(queues: readonly BoardQueue[], role: 'viewer' | 'operator', path: string): Router {
  const board = new ExpressAdapter();
  board.setBasePath(path);
  createBullBoard({
    queues: queues.map((queue) => adapterOf(queue, role)),
    serverAdapter: board,
    options: {
      uiConfig: {
        boardTitle: 'Muster queues',
        hideRedisDetails: true,
        hideDocsLink: true,
        miscLinks: [{ text: 'Muster console', url: '/' }],
      },
    },
  });
  return board.getRouter() as Router;
}

function adapterOf(queue: BoardQueue, role: 'viewer' | 'operator'): BullMQAdapter {
  const known: Readonly<Record<string, string>> = DESCRIPTIONS;
  const adapter = new BullMQAdapter(queue, {
    readOnlyMode: role === 'viewer',
    description: known[queue.name] ?? '',
  });
  adapter.setFormatter('data', (data: unknown) => idsOnly(data));
  adapter.setFormatter('name', (job: { readonly name?: unknown; readonly data?: unknown }) =>
    [typeof job.name === 'string' ? job.name.slice(0, NAME_CHARS) : '', ...idsIn(job.data)].join(' '),
  );
  return adapter;
}

/** A name of ours has 20 characters; one that another party wrote can have any number. */
const NAME_CHARS = 60;
/** Jobs of ours are three deep; what another party wrote could be as deep as the stack. */
const DEEPEST = 6;

/** What an id of ours looks like: accounts, regions, batches, versions. */
const ID = /^[\w.*/-]{1,64}$/;

/**
 * Job data as the board may show it. Jobs carry ids only; should one ever carry more, it is not shown.
 */
export function idsOnly(data: unknown, depth = 0): unknown {
  if (typeof data === 'string') return ID.test(data) ? data : '[not an id]';
  if (typeof data !== 'object' || data === null) return data;
  if (depth >= DEEPEST) return '[too deep]';
  if (Array.isArray(data)) return data.map((value) => idsOnly(value, depth + 1));
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [
      ID.test(name) ? name : '[not a name]',
      idsOnly(value, depth + 1),
    ]),
  );
}

function idsIn(data: unknown, depth = 0): readonly string[] {
  if (typeof data === 'string') return ID.test(data) ? [data] : [];
  if (typeof data !== 'object' || data === null || depth >= DEEPEST) return [];
  return Object.values(data).flatMap((value) => idsIn(value, depth + 1));
}
