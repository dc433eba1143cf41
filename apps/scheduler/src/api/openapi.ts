/** The OpenAPI document of `/api/v1`, made from the table of routes and their schemas. */
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import { Problem } from '@muster/api/problem';
import { thisRelease } from '@muster/core/runtime/release';
import type { ProblemStatus } from './problem.ts';
import { API_PATH, type ApiRoute, isStream, TAGS } from './route.ts';

/** What every route can answer. */
const ALWAYS: readonly ProblemStatus[] = [401, 403, 429, 500, 503];

const DESCRIPTIONS: Readonly<Record<ProblemStatus, string>> = {
  400: 'A parameter or the body is at fault; `errors` names each.',
  401: 'Not signed in, or a token that is not valid.',
  403: 'The role does not suffice, or another site asks.',
  404: 'There is no such thing.',
  405: 'The path has other methods; see `Allow`.',
  409: 'It has changed meanwhile, or the key was used for something else.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'It cannot be done now; `detail` says why.',
  429: 'Too many requests; `Retry-After` says when to come back.',
  500: 'A fault of Muster; its log says more.',
  503: 'Redis is away, or the read model is not built yet; see `Retry-After`.',
};

const ProblemComponent = Problem.meta({ id: 'Problem', description: 'RFC 9457.' });

/** Makes the document. */
export function describeApi(routes: readonly ApiRoute[]) {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operationOf(route);
  return createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Muster',
      version: thisRelease().release,
      description:
        'What the console and `muster --url` read and do. Times are ISO 8601 in UTC. Texts from AWS and from hosts (names, tags, outputs) are untrusted.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: API_PATH, description: 'The scheduler that serves this document' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ token: [] }, { session: [] }],
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of `muster api-token create`.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-muster_muster',
          description:
            'Of a browser that signed in. Its last part is `muster.redis.prefix`; without TLS the name has no `__Host-`.',
        },
      },
    },
    paths,
  });
}

function operationOf(route: ApiRoute): ZodOpenApiOperationObject {
  const { operationId, tag, summary, description, params, query, body, headers } = route;
  const role = `Takes the role ${route.role}.`;
  return {
    operationId,
    tags: [tag],
    summary,
    description: description === undefined ? role : `${description} ${role}`,
    requestParams: {
      ...(params === undefined ? {} : { path: params }),
      ...(query === undefined ? {} : { query: withListWords(query.strip(), route.list) }),
      ...(headers === undefined ? {} : { header: headers }),
    },
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...answersOf(route), ...problemsOf(route) },
  };
}

/** `sort` and `fields` of a list, with the words that they take. */
function withListWords(query: z.ZodObject, list: ApiRoute['list']): z.ZodObject {
  if (list === undefined) return query;
  const wordsOf = (name: string, pattern: RegExp): Record<string, z.ZodType> => {
    const known = query.shape[name];
    if (!(known instanceof z.ZodType)) return {};
    const words = z.string().regex(pattern).optional();
    return { [name]: known.description === undefined ? words : words.describe(known.description) };
  };
  const fields = Object.keys(list.row.shape).join('|');
  const sorts = list.sorts.join('|');
  return query.extend({
    ...wordsOf('sort', new RegExp(`^-?(${sorts})(,-?(${sorts})){0,4}$`)),
    ...wordsOf('fields', new RegExp(`^(${fields})(,(${fields}))*$`)),
  });
}

function answersOf(route: ApiRoute): ZodOpenApiOperationObject['responses'] {
  const { answer, list, method } = route;
  const status = route.status ?? (answer === null ? 204 : 200);
  if (answer === null) return { [String(status)]: { description: 'Done.' } };
  if (isStream(answer)) {
    return {
      '200': { description: answer.description, content: { [answer.media]: { schema: z.string() } } },
    };
  }
  const schema = list === undefined ? answer : withPartialRows(answer, list.row);
  const described = {
    description: route.summary,
    ...(method === 'get' ? { headers: { ETag: { schema: { type: 'string' as const } } } } : {}),
    content: { 'application/json': { schema } },
  };
  return {
    [String(status)]: described,
    ...(route.alsoStatus === undefined ? {} : { [String(route.alsoStatus)]: described }),
    ...(method === 'get'
      ? { '304': { description: 'The same as the answer whose `ETag` was sent in `If-None-Match`.' } }
      : {}),
  };
}

/** `fields` may leave any field of a row out. */
function withPartialRows(answer: z.ZodType, row: z.ZodObject): z.ZodType {
  return answer instanceof z.ZodObject && 'items' in answer.shape
    ? answer.extend({ items: z.array(row.partial()) })
    : answer;
}

function problemsOf(route: ApiRoute): ZodOpenApiOperationObject['responses'] {
  const takes = route.params !== undefined || route.query !== undefined || route.body !== undefined;
  const statuses = new Set<ProblemStatus>([
    400,
    ...ALWAYS,
    ...(takes ? [400 as const] : []),
    ...(route.body === undefined ? [] : [413 as const, 415 as const]),
    ...(route.problems ?? []),
  ]);
  const sorted = [...statuses].toSorted((a, b) => a - b);
  return Object.fromEntries(
    sorted.map((status) => [
      String(status),
      {
        description: DESCRIPTIONS[status],
        content: { 'application/problem+json': { schema: ProblemComponent } },
      },
    ]),
  );
}
