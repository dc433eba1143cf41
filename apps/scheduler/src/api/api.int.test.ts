/** The API against its own document: whatever is asked, what comes back is what the document says. */
import { setTimeout } from 'node:timers/promises';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import * as fc from 'fast-check';
import { anOperator } from '@muster/core/control/actions/act.fixture';
import { ALL } from '@muster/core/control/scope';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '@muster/api/session';
import { accountId, SEEDED, seedOrganization } from '../console/seeded-ledger.fixture.ts';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';
import {
  type ApiDocument,
  callsOf,
  type ClientRequest,
  createJudge,
  mutated,
  requestsOf,
} from './document-client.fixture.ts';
import { describeApi } from './openapi.ts';
import { API_ROUTES } from './routes.ts';

let app: RunningApp;
/** Of an admin, who may do everything. */
let session: Readonly<Record<string, string>> = {};

async function signIn(): Promise<Readonly<Record<string, string>>> {
  const secret = await app.ledger.access.links.make({ name: 'ann', role: 'admin' });
  const entered = await fetch(`${app.url}/auth/link/${secret}`, { method: 'POST', redirect: 'manual' });
  const cookie = (entered.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const answer = await fetch(`${app.url}/auth/session`, { headers: { cookie } });
  const { csrf, principal } = (await answer.json()) as Session;
  if (principal?.role !== 'admin') throw new Error('the link signed in no admin');
  return { cookie, 'x-csrf-token': csrf ?? '' };
}

beforeAll(async () => {
  app = await startApp();
  await seedOrganization(app.ledger, Date.now());
  const begun = await anOperator(app.ledger).begin('retry', { kind: 'scope', scope: ALL });
  known.id.push(begun.id);
  await app.modelHas(SEEDED.instances);
  session = await signIn();
});
afterAll(() => app.stop());

const document = JSON.parse(JSON.stringify(describeApi(API_ROUTES))) as ApiDocument;
const judge = createJudge(document);
const known = {
  accountId: [accountId(0), accountId(19)],
  instanceId: ['i-00000000000000001', 'i-0000000000000017b', 'i-0000000000000017a'],
  state: ['failed', 'joined,failed'],
  cause: ['host-disk-full'],
  owner: ['aws-admin', 'operator,muster'],
  status: ['denied', 'complete,partial'],
  severity: ['page', 'warn,info'],
  kind: ['retry', 'paused'],
  act: ['pause', 'retry,mute'],
  id: [`paused@account:${accountId(3)}`, 'cause:ec2-join-failure@cause:ec2-join-failure'],
};

interface Answered {
  readonly status: number;
  readonly media: string;
  readonly body: unknown;
}

async function send({ call, url, headers, body }: ClientRequest): Promise<Answered> {
  const answer = await fetch(`${app.url}/api/v1${url}`, {
    method: call.method.toUpperCase(),
    headers: { ...session, ...headers },
    body,
  });
  const media = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const text = await answer.text();
  // A quick machine makes more requests than one address may: the client waits as it is told, and asks again.
  if (answer.status === 429) {
    await setTimeout(Number(answer.headers.get('retry-after')) * 1_000);
    return send({ call, url, headers, body });
  }
  return { status: answer.status, media, body: /[/+]json$/.test(media) ? JSON.parse(text) : text };
}

test('the document is one that the linter has nothing against', async () => {
  const { body } = await send({
    call: { path: '/openapi.json', method: 'get', operation: { operationId: '', responses: {} } },
    url: '/openapi.json',
    headers: {},
    body: null,
  });

  const found = await lintFromString({
    source: JSON.stringify(body),
    config: await createConfig({ extends: ['recommended-strict'] }),
  });

  expect(
    found.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer} ${message}`),
  ).toEqual([]);
});

test('every operation has a name of its own', () => {
  const names = callsOf(document).map(({ operation }) => operation.operationId);

  expect(new Set(names).size).toBe(names.length);
});

const CALLS = callsOf(document).filter(({ path }) => path !== '/events');

test.each(CALLS.map((call) => [`${call.method} ${call.path}`, call] as const))(
  '%s: a request that the document allows gets an answer that it describes',
  async (_, call) => {
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(requestsOf(document, call, known), async (request) => {
        const answered = await send(request);
        statuses.add(answered.status);

        expect(
          judge(call, answered),
          `${request.url} ${JSON.stringify(answered.body).slice(0, 500)}`,
        ).toBeNull();
        expect(answered.status).not.toBe(500);
      }),
      { numRuns: 40 },
    );
    // An admin reads everything, and some of what is asked for is there.
    expect(call.method !== 'get' || statuses.has(200)).toBe(true);
  },
);

test.each(CALLS.map((call) => [`${call.method} ${call.path}`, call] as const))(
  '%s: whatever a request has become, the answer is described, and no fault of the server',
  async (_, call) => {
    await fc.assert(
      fc.asyncProperty(mutated(requestsOf(document, call, known)), async (request) => {
        const answered = await send(request);

        expect(answered.status).not.toBe(500);
        expect(answered.media === 'application/problem+json').toBe(answered.status >= 400);
        // What is spoiled may have become the path of nothing, or of something else: a client leaves `.` out of an address.
        const isElsewhere = answered.status === 404 || answered.status === 405;
        const judged = isElsewhere ? null : judge(call, answered);
        expect(judged, request.url).toBeNull();
      }),
      { numRuns: 40 },
    );
  },
);
