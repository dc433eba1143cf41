import { Router, type Request, type Response } from 'express';
import type { z } from 'zod';
import { messageOf } from '@muster/core/runtime/errors';
import { describeShapeFaults } from '@muster/core/runtime/shape-faults';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { Reading } from './cached-read.ts';
import { viewOf, type Snapshot, type ViewSettings } from './console-view.ts';
import { CoverageQuery, listCoverage } from './coverage-list.ts';
import { instanceQuery, listInstances } from './instance-list.ts';
import type { Ledger } from '@muster/core/control/ledger';

export interface ConsoleDeps {
  readonly settings: ViewSettings;
  readonly ledger: Ledger;
  readonly readSnapshot: () => Promise<Reading<Snapshot>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The console's page, and what it asks for: `/api/status`, `/api/coverage`, `/api/instances`. Answers are 200; 400 for a
 * query that is none; 503 while Redis is away, `/api/status` then with the last data and its age.
 */
export function createConsoleRoutes(deps: ConsoleDeps): Router {
  const { ledger, clock } = deps;
  const router = Router();
  router.use('/api', (_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  router.get('/api/status', async (_request, response) => {
    const view = viewOf(await deps.readSnapshot(), deps.settings, clock.now());
    response.status(view.unavailable === null ? 200 : 503).json(view);
  });
  router.get('/api/coverage', (request, response) =>
    answer(deps, request, response, CoverageQuery, (query) =>
      listCoverage(ledger.coverage, query, clock.now()),
    ),
  );
  router.get('/api/instances', async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    const { value } = await deps.readSnapshot();
    return answer(deps, request, response, instanceQuery(value?.status.instances ?? null), (query) =>
      listInstances({ ledger, clock }, query, gone.signal),
    );
  });
  return router;
}

async function answer<Query>(
  { log }: Pick<ConsoleDeps, 'log'>,
  request: Request,
  response: Response,
  schema: z.ZodType<Query>,
  read: (query: Query) => Promise<object>,
): Promise<void> {
  const query = schema.safeParse(request.query);
  if (!query.success) {
    response.status(400).json({ error: `The query does not fit: ${describeShapeFaults(query.error)}.` });
    return;
  }
  try {
    response.json(await read(query.data));
  } catch (error) {
    log.warn({ err: error, path: request.path }, 'the console could not read the ledger');
    response.status(503).json({ error: `The ledger could not be read: ${messageOf(error)}` });
  }
}
