import { Router } from 'express';
import { messageOf } from '@muster/core/runtime/errors';
import type { Clock } from '@muster/core/runtime/clock-port';

/** Redis must answer within this to count as there. */
const ANSWER_WITHIN_MS = 1_000;

export interface HealthDeps {
  /** Rejects, with a message for an operator, when Redis is away or its settings would lose jobs. */
  readonly checkRedis: () => Promise<unknown>;
  readonly clock: Clock;
}

/** `/healthz`: the process answers. `/readyz`: so does Redis, and its settings are right; else 503 with the reason. */
export function createHealthRoutes(deps: HealthDeps): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    const reason = await whyNotReady(deps);
    response
      .set('Cache-Control', 'no-store')
      .status(reason === null ? 200 : 503)
      .json(reason === null ? { status: 'ok' } : { status: 'unavailable', reason });
  });
  return router;
}

async function whyNotReady({ checkRedis, clock }: HealthDeps): Promise<string | null> {
  const answered = new AbortController();
  const late = clock
    .sleep(ANSWER_WITHIN_MS, answered.signal)
    .then(() => `Redis did not answer within ${ANSWER_WITHIN_MS} ms`)
    // Aborted: the answer came first and this one is not asked any more.
    .catch(() => null);
  const checked = checkRedis().then(() => null, messageOf);
  try {
    return await Promise.race([checked, late]);
  } finally {
    answered.abort();
  }
}
