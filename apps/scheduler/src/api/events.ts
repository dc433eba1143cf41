import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Ledger } from '@muster/core/control/ledger';
import type { CachedRead } from '../http/cached-read.ts';
import type { Snapshot } from '../http/snapshot.ts';
import type { ResourceMarks } from './change-feed.ts';
import { rowsOfFindings } from './finding-rows.ts';
import { problem } from './problem.ts';
import { type ApiRoute, defineRoute, refuse } from './route.ts';

/** More pages than that are a fault: each keeps a connection open. */
const MOST_STREAMS = 500;
/** Of one principal: a script that opens streams without an end leaves room for the pages of others. */
const MOST_OF_ONE = 100;

export const eventRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/events',
    operationId: 'followChanges',
    tag: 'system',
    summary: 'What has changed, as server-sent events',
    description:
      'At most one event a second, named `changed`; its data is `{"resources": […], "instances": […]}`: resources whose answers may be others now, and instances that changed, null when they are more than 100. Sent again with `Last-Event-ID`, a stream goes on where it ended. A comment comes every 15 s. A stream ends after ten minutes, and soon after the session that opened it; browsers open it again.',
    role: 'viewer',
    headers: z.object({
      'Last-Event-ID': z.string().max(100).optional().describe('`id` of the last event that was seen.'),
    }),
    answer: { media: 'text/event-stream', description: 'Events, until the stream ends.' },
    handle({ principal, header, signal, isStillKnown }, { feed }) {
      const who = `${principal.kind} ${principal.name}`;
      const later = { 'Retry-After': '60' };
      if (feed.listeners() >= MOST_STREAMS) {
        return refuse(problem(503, 'Too many pages follow this scheduler: ask again in a minute.'), later);
      }
      if (feed.listeners(who) >= MOST_OF_ONE) {
        return refuse(problem(429, `${MOST_OF_ONE} pages of yours follow this scheduler already.`), later);
      }
      return {
        kind: 'stream',
        // A proxy that gathers answers would hold events back.
        headers: { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' },
        chunks: feed.follow(who, header('last-event-id'), signal, isStillKnown),
      };
    },
  }),
];

/** Actions that run are among the newest; one that is older and ends is shown by the next question of its page. */
const WATCHED_ACTIONS = 10;

/** A word per resource that is not the read model's: another one when its answers may be. */
export async function readMarks(deps: {
  readonly ledger: Pick<Ledger, 'audit' | 'actions'>;
  readonly readSnapshot: () => Promise<CachedRead<Snapshot>>;
  readonly takenUpAtMs: () => number | null;
}): Promise<ResourceMarks> {
  const { audit, actions } = deps.ledger;
  const [{ value }, [lastAct], newest] = await Promise.all([
    deps.readSnapshot(),
    audit.newest(1),
    actions.newest(WATCHED_ACTIONS),
  ]);
  const common = {
    audit: lastAct?.id ?? '',
    actions: hashOf(newest),
    configuration: String(deps.takenUpAtMs()),
  };
  if (value === null) return common;
  const { status, pauses, endedSweeps } = value;
  const { instances, commands, aws, rollout, waits, sweep } = status;
  return {
    ...common,
    overview: hashOf({ instances, commands, aws, sweep }),
    findings: hashOf(rowsOfFindings(value)),
    rollout: hashOf({ rollout, waits, pauses }),
    sweeps: hashOf({ sweep, last: endedSweeps[0]?.id }),
  };
}

function hashOf(value: unknown): string {
  return createHash('sha1').update(JSON.stringify(value)).digest('base64');
}
