import { type RequestHandler, Router } from 'express';
import { holdsRole } from '@muster/core/control/access/role';
import { principalOf } from '../access/principal.ts';
import { allowBoardActs, type BoardActDeps, tellCsrfToken } from './board-acts.ts';
import type { BoardQueue, Boards } from './bull-board.ts';
import { queueBoardHeaders } from './request-guards.ts';

/** Where the board is mounted. Its pages carry this path, so it cannot differ from the mount. */
export const BOARD_PATH = '/queues';

/**
 * Bull Board over the given queues. Viewers see everything and press nothing; operators may retry what failed, promote what
 * waits, and clean what has ended, since the ledger says what is due and heals the rest (see `board-acts.ts`).
 */
export function createQueueBoard(queues: readonly BoardQueue[], deps: BoardActDeps): Router {
  // With the first visit: the libraries are a good part of what a start would load, and few look at the board.
  let making: Promise<Boards> | null = null;
  const make = async (): Promise<Boards> => (await import('./bull-board.ts')).makeBoards(queues, BOARD_PATH);
  const router = Router();
  const allowActs = allowBoardActs(new Set(queues.map(({ name }) => name)), deps);
  router.use(queueBoardHeaders(), withoutOutsideStyles, tellCsrfToken(deps.isByTls), allowActs);
  router.use(async (request, response, next) => {
    making ??= make();
    const boards = await making;
    const mayAct = holdsRole(principalOf(request).role, 'operator');
    (mayAct ? boards.operator : boards.viewer)(request, response, next);
  });
  return router;
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
