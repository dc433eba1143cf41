import { z } from 'zod';
import { FindingRow, MuteRequest } from '@muster/api/findings';
import { faultOfMute, muteFinding, unmuteFinding } from '@muster/core/control/mute-finding';
import { actorOf } from './actions.ts';
import { rowsOfFindings } from './finding-rows.ts';
import { problem } from './problem.ts';
import { answer, type ApiRoute, defineRoute, refuse } from './route.ts';
import { replyFromSnapshot } from './reply-from.ts';

const FindingParams = z.object({ id: z.string().max(400).describe('`KIND@SCOPE`, as the list has it.') });

/** Mutes of findings: a muted one stays in the list, and no channel is told of it. */
export const muteRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'post',
    path: '/findings/{id}/mute',
    operationId: 'muteFinding',
    tag: 'findings',
    summary: 'Mutes a finding that stands until a time',
    description: 'It stays in the list, and no notification channel is told of it before the mute ends.',
    role: 'operator',
    params: FindingParams,
    body: MuteRequest,
    answer: FindingRow,
    problems: [404, 422],
    async handle({ params: { id }, body: { reason, until }, principal }, deps) {
      const nowMs = deps.clock.now();
      const untilMs = Date.parse(until);
      const wrong = faultOfMute({ nowMs, untilMs });
      if (wrong !== null) return refuse(problem(422, wrong));
      const actor = actorOf(principal);
      return replyFromSnapshot(await deps.readSnapshot(), deps, async (snapshot) => {
        const found = rowsOfFindings(snapshot).find((row) => row.id === id);
        if (found === undefined) {
          return refuse(
            problem(
              404,
              'No such finding stands, so there is nothing to mute. GET findings lists those that do.',
            ),
          );
        }
        await muteFinding(deps.ledger, id, { actor, reason, nowMs, untilMs });
        return answer({ ...found, muted: { by: actor.by.name, reason, until } });
      });
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/findings/{id}/mute',
    operationId: 'unmuteFinding',
    tag: 'findings',
    summary: 'Ends a mute',
    role: 'operator',
    params: FindingParams,
    answer: null,
    problems: [404],
    async handle({ params: { id }, principal }, { ledger }) {
      return (await unmuteFinding(ledger, id, actorOf(principal)))
        ? answer(null)
        : refuse(problem(404, 'This finding is not muted: the mute may have ended.'));
    },
  }),
];
