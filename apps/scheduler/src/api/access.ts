import { z } from 'zod';
import { Access } from '@muster/api/access';
import { revokeToken } from '@muster/core/control/access/revoke-token';
import type { ApiToken } from '@muster/core/control/access/token-store';
import { mayActOn } from '../access/principal.ts';
import { actorOf } from './actions.ts';
import { problem } from './problem.ts';
import { answer, type ApiRoute, defineRoute, refuse } from './route.ts';

const TokenParams = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{10}$/, 'Must be the id of a token: ten hexadecimal digits')
    .describe('As the list has it.'),
});

/**
 * What only an admin may: to see who may come in, and to end an API token. Who is a user, and of which role, stands in the
 * configuration and its files, which no route writes; tokens are made by the command line, at Redis.
 */
export const accessRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/access',
    operationId: 'readAccess',
    tag: 'access',
    summary: 'Users of the users file, and API tokens without their secrets',
    role: 'admin',
    answer: Access,
    async handle(_asked, { ledger, config, clock }) {
      const users = (config().console.users ?? []).map(({ name, role }) => ({ name, role }));
      const tokens = (await ledger.access.tokens.list()).map(viewOfToken);
      return answer({ asOf: isoTime(clock.now()), ageMs: 0, stale: false, users, tokens });
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/access/tokens/{id}',
    operationId: 'revokeToken',
    tag: 'access',
    summary: 'Ends an API token at once',
    role: 'admin',
    params: TokenParams,
    answer: null,
    problems: [404],
    async handle({ params: { id }, principal }, { ledger }) {
      if (!mayActOn(principal, 'all')) {
        return refuse(problem(403, `The API token ${principal.name} acts on ${principal.scope} alone.`));
      }
      return (await revokeToken(ledger, id, actorOf(principal))).length > 0
        ? answer(null)
        : refuse(problem(404, 'There is no such token: it has expired, or was revoked.'));
    },
  }),
];

function viewOfToken({ id, name, role, scope, by, createdAtMs, expiresAtMs, usedAtMs }: ApiToken) {
  return {
    id,
    name,
    role,
    scope,
    by,
    createdAt: isoTime(createdAtMs),
    expiresAt: isoTime(expiresAtMs),
    usedAt: usedAtMs === null ? null : isoTime(usedAtMs),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
