import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { type RequestHandler, Router } from 'express';
import type { QueueName } from '@muster/core/jobs/define-job';
import { queueBoardHeaders } from './security-headers.ts';

/** A handle on a queue, as `boardQueues` of core makes them. */
export type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0];

/** Where the board is mounted. Its pages carry this path, so it cannot differ from the mount. */
export const BOARD_PATH = '/queues';

const DESCRIPTIONS: Readonly<Record<QueueName, string>> = {
  tick: 'Hands out what is due, again and again',
  discovery: 'Lists accounts, regions and instances',
  enrollment: 'Sends installs, follows commands, verifies that nodes joined',
  inventory: 'Reads the nodes of the Teleport cluster',
};

/** Bull Board over the given queues: everything to see, nothing to press. */
export function createQueueBoard(queues: readonly BoardQueue[]): Router {
  const board = new ExpressAdapter();
  board.setBasePath(BOARD_PATH);
  createBullBoard({
    queues: queues.map(readOnlyQueue),
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
  const router = Router();
  router.use(queueBoardHeaders(), withoutOutsideStyles, board.getRouter());
  return router;
}

function readOnlyQueue(queue: BoardQueue): BullMQAdapter {
  const known: Readonly<Record<string, string>> = DESCRIPTIONS;
  const adapter = new BullMQAdapter(queue, { readOnlyMode: true, description: known[queue.name] ?? '' });
  adapter.setFormatter('data', idsOnly);
  adapter.setFormatter('name', (job: { readonly name?: unknown; readonly data?: unknown }) =>
    [typeof job.name === 'string' ? job.name : '', ...idsIn(job.data)].join(' '),
  );
  return adapter;
}

/** What an id of ours looks like: accounts, regions, batches, versions. */
const ID = /^[\w.*/-]{1,64}$/;

/**
 * Job data as the board may show it. Jobs carry ids only; should one ever carry more, it is not shown.
 */
export function idsOnly(data: unknown): unknown {
  if (typeof data === 'string') return ID.test(data) ? data : '[not an id]';
  if (Array.isArray(data)) return data.map(idsOnly);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, idsOnly(value)]));
}

function idsIn(data: unknown): readonly string[] {
  if (typeof data === 'string') return ID.test(data) ? [data] : [];
  return typeof data === 'object' && data !== null ? Object.values(data).flatMap(idsIn) : [];
}

/**
 * Bull Board's page asks Google for a font. The policy in its headers would block that; leaving the tag out spares every
 * visitor the error in the browser's console.
 */
const withoutOutsideStyles: RequestHandler = (_request, response, next) => {
  const send = response.send.bind(response);
  response.send = (body) =>
    send(typeof body === 'string' ? body.replaceAll(/<link\b[^>]*href="https?:[^>]*>/g, '') : body);
  next();
};
