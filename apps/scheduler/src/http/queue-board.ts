import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { type RequestHandler, Router } from 'express';
import type { QueueName } from '@muster/core/jobs/define-job';
import { holdsRole } from '@muster/core/control/access/role';
import { principalOf } from '../access/principal.ts';
import { allowBoardActs, type BoardActDeps, tellCsrfToken } from './board-acts.ts';
import { queueBoardHeaders } from './request-guards.ts';

/** A handle on a queue, as `boardQueues` of core makes them. */
export type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0];

/** Where the board is mounted. Its pages carry this path, so it cannot differ from the mount. */
export const BOARD_PATH = '/queues';

const DESCRIPTIONS: Readonly<Record<QueueName, string>> = {
  discovery: 'Lists accounts, regions and instances',
  enrollment: 'Sends installs, follows commands, verifies that nodes joined',
  inventory: 'Reads the nodes of the Teleport cluster',
  notifications: 'Tells the channels of muster.notify',
};

/**
 * Bull Board over the given queues. Viewers see everything and press nothing; operators may retry what failed, promote what
 * waits, and clean what has ended, since the ledger says what is due and heals the rest (see `board-acts.ts`).
 */
export function createQueueBoard(queues: readonly BoardQueue[], deps: BoardActDeps): Router {
  const [forViewers, forOperators] = [boardOf(queues, 'viewer'), boardOf(queues, 'operator')];
  const router = Router();
  const allowActs = allowBoardActs(new Set(queues.map(({ name }) => name)), deps);
  router.use(queueBoardHeaders(), withoutOutsideStyles, tellCsrfToken(deps.isByTls), allowActs);
  router.use((request, response, next) => {
    const mayAct = holdsRole(principalOf(request).role, 'operator');
    (mayAct ? forOperators : forViewers)(request, response, next);
  });
  return router;
}

function boardOf(queues: readonly BoardQueue[], role: 'viewer' | 'operator'): Router {
  const board = new ExpressAdapter();
  board.setBasePath(BOARD_PATH);
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

const OUTSIDE_STYLE = /<link\b[^<>]{0,200}href="https?:[^<>]{0,500}>/g;

/**
 * Bull Board's page asks Google for a font. The policy in its headers would block that; leaving the tag out spares every
 * visitor the error in the browser's console.
 */
const withoutOutsideStyles: RequestHandler = (_request, response, next) => {
  const send = response.send.bind(response);
  response.send = (body) =>
    send(
      typeof body === 'string' && body.trimStart().startsWith('<')
        ? body.replaceAll(OUTSIDE_STYLE, '')
        : body,
    );
  next();
};
