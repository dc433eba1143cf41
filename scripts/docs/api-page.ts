import { describeApi } from '@muster/scheduler/api/openapi';
import { API_ROUTES } from '@muster/scheduler/api/routes';
import { type ApiRoute, TAGS } from '@muster/scheduler/api/route';

/** `docs/api.md`: how to begin, the rules that all routes share, and every route out of the table that serves them. */
export function apiPage(): string {
  const tags = Object.entries(TAGS).filter(([tag]) => API_ROUTES.some((route) => route.tag === tag));
  return [
    BEGIN,
    '## Routes',
    '',
    `${API_ROUTES.length} routes; parameters and answers stand in the document: \`GET /api/v1/openapi.json\` (OpenAPI ${describeApi(API_ROUTES).openapi}).`,
    '',
    ...tags.flatMap(([tag, about]) => [
      `### ${tag}`,
      '',
      `${about}.`,
      '',
      '| request | what it does | role | parameters |',
      '|---|---|---|---|',
      ...API_ROUTES.filter((route) => route.tag === tag).map(rowOf),
      '',
    ]),
  ].join('\n');
}

function rowOf({ method, path, summary, role, query, list }: ApiRoute): string {
  const shared = new Set(['limit', 'cursor', 'sort', 'fields']);
  const own = Object.keys(query?.shape ?? {}).filter((name) => list === undefined || !shared.has(name));
  const sorts =
    list === undefined ? '' : ` · list, sorted by \`${list.usualSort}\`, or ${list.sorts.join(', ')}`;
  const parameters = `${own.map((name) => `\`${name}\``).join(', ')}${sorts}`.replace(/^ · /, '');
  return `| \`${method.toUpperCase()} ${path}\` | ${summary} | ${role} | ${parameters} |`;
}

const BEGIN = `# The API

For the engineer whose program reads Muster or acts through it. After this page you know how to begin, what all routes share, and which there are.
It is made by \`node scripts/generate-docs.ts\`.

## How to begin

The scheduler serves the API under \`/api/v1\`, at the address of the console. A program sends an API token; where nothing is configured, a program of the
same machine may read without one.

\`\`\`
muster api-token create --name reports --role viewer > token
curl -H "Authorization: Bearer $(cat token)" https://muster.example.com/api/v1/overview
curl -H "Authorization: Bearer $(cat token)" 'https://muster.example.com/api/v1/instances?state=failed,lost&sort=-since&limit=100'
\`\`\`

\`muster --url https://muster.example.com --token-file token status\` reads the same.

## What all routes share

| rule | how |
|---|---|
| times | ISO 8601 in UTC with milliseconds |
| age | \`asOf\`, \`ageMs\` and \`stale\` of an answer. A list comes from the read model, which follows the ledger within a second or two; \`stale\` says that newer data could not be read |
| lists | \`{"items": […], "next": …, "total": …}\`. \`limit\` is 1–500, 50 without. \`cursor\` is \`next\` of the page before, with the same filters and sort; a page begins behind the last row of the one before, also when rows have come or gone. \`sort=-since,name\` turns the first field round. \`fields=instanceId,state\` leaves the others out. Several words of a filter are joined by commas: any of them |
| errors | [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457): \`application/problem+json\` with \`type\`, \`title\`, \`status\`, \`detail\`, and \`errors[]\`, each with the \`parameter\`, or the \`pointer\` into the body, and what to do. All faults come at once. An unknown parameter, or a word that no filter knows, is an error: it may be a slip |
| not changed | an answer has a weak \`ETag\`, which leaves its age out. Sent back in \`If-None-Match\`, an answer that is still the same comes as 304 without a body; its header \`Muster-As-Of\` says of when it is |
| compression | brotli or gzip, as the client accepts |
| roles | \`viewer\` reads, \`operator\` acts and approves, \`admin\` also sees who may come in and revokes API tokens; a role may do what those before it may. 401: not known; 403: the role does not suffice. A page in a browser sends \`X-CSRF-Token\` with what changes something |
| rate | 1,000 requests in 5 s for each principal; then 429 with \`Retry-After\` |
| not now | 503 with \`Retry-After\`: Redis is away, or the read model has no data yet |
| changes of this API | fields and routes are added within \`v1\`, never taken away or given another meaning. A reader passes over what it does not know. States and causes of a newer release stand as they are |
| untrusted | names, tags, messages of AWS and outputs of hosts: others have written them. Show them as text |

Problems have one of these types: \`/problems/invalid-request\`, \`unauthenticated\`, \`forbidden\`, \`not-found\`, \`method-not-allowed\`, \`conflict\`, \`too-large\`,
\`unsupported-media-type\`, \`not-possible\`, \`too-many-requests\`, \`internal\`, \`unavailable\`, or \`about:blank\`.

\`\`\`json
{"type":"/problems/invalid-request","title":"The request does not fit","status":400,"detail":"Correct stat; each is explained in errors.","errors":[{"parameter":"stat","detail":"There is no parameter \\"stat\\": did you mean state?"}]}
\`\`\`

## Changes as they happen

\`GET /api/v1/events\` is a stream of [server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html). At most once a second an event names the
resources whose answers may be others now, and the instances that changed, at most 100. It carries no data: the reader asks again for what it shows.

\`\`\`
id: 1795975506280-3
event: changed
data: {"resources":["overview","accounts","targets","instances"],"instances":["i-0e143721b4f430f7b"]}
\`\`\`

A reader that comes back with \`Last-Event-ID\` is told what has changed meanwhile; where the scheduler does not reach back so far, or another one answers, the
first event names every resource. A comment comes every 15 s. A stream ends after ten minutes, or when its reader has taken nothing for a minute; browsers open it again.

## Exports

\`GET /api/v1/instances.csv\` and \`GET /api/v1/instances.ndjson\` take the filters of \`/api/v1/instances\` and give every row, as it is read. In CSV a text that a spreadsheet would take for a formula
stands behind an apostrophe. Where the answer cannot be finished, the connection breaks: a file that ends so is not whole.
`;
