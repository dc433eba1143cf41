import { z } from 'zod';
import { FindingRow, MuteRequest } from '@muster/api/findings';
import { LONGEST_MUTE_MS, type Mute } from '@muster/core/control/mute-store';
import type { Principal } from '../access/principal.ts';
import type { ApiDeps } from './api-deps.ts';
import { rowsOfFindings } from './finding-rows.ts';
import { problem } from './problem.ts';
import { answer, type ApiRoute, defineRoute, refuse } from './route.ts';
import { replyFrom } from './snapshot-reply.ts';

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
      const atMs = deps.clock.now();
      const mute: Mute = { by: principal.name, reason, atMs, untilMs: Date.parse(until) };
      const wrong = faultOf(mute);
      if (wrong !== null) return refuse(problem(422, wrong));
      return replyFrom(await deps.readSnapshot(), deps, async (snapshot) => {
        const found = rowsOfFindings(snapshot).find((row) => row.id === id);
        if (found === undefined) {
          return refuse(
            problem(
              404,
              'No such finding stands, so there is nothing to mute. GET findings lists those that do.',
            ),
          );
        }
        await deps.ledger.mutes.mute(id, mute);
        await noteMute(deps, principal, id, { detail: `muted until ${until}`, reason });
        return answer({ ...found, muted: { by: mute.by, reason, until } });
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
    async handle({ params: { id }, principal }, deps) {
      if (!(await deps.ledger.mutes.unmute(id))) {
        return refuse(problem(404, 'This finding is not muted: the mute may have ended.'));
      }
      await noteMute(deps, principal, id, { detail: 'no longer muted', reason: '' });
      return answer(null);
    },
  }),
];

function faultOf({ atMs, untilMs }: Mute): string | null {
  if (untilMs <= atMs) return 'until lies in the past: name a time from now on, at most 90 days ahead.';
  if (untilMs - atMs > LONGEST_MUTE_MS) {
    return 'until is more than 90 days ahead. What should stay silent for longer belongs into the filters of a channel (muster.notify).';
  }
  return null;
}

async function noteMute(
  { ledger }: Pick<ApiDeps, 'ledger'>,
  { name, kind, role, ip }: Principal,
  findingId: string,
  told: { readonly detail: string; readonly reason: string },
): Promise<void> {
  await ledger.audit.append({
    by: { name, kind, role },
    from: ip,
    act: 'mute',
    scope: findingId,
    dryRun: null,
    basis: null,
    result: 'done',
    ...told,
  });
}
