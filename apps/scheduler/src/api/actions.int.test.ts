/** Actions and the audit over the API, as a console uses them. A worker's part is done here by the function that its job calls. */
import type { ActionPlan, ActionRow } from '@muster/api/actions';
import type { AuditRow } from '@muster/api/audit';
import type { InstanceRow } from '@muster/api/instances';
import type { Page } from '@muster/api/paging';
import type { Problem } from '@muster/api/problem';
import { Session } from '@muster/api/session';
import { anOperator } from '@muster/core/control/actions/act.fixture';
import { ActionId } from '@muster/core/control/actions/action';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Browser, createBrowser } from '../access/browser.fixture.ts';
import { accountId, SEEDED, seedOrganization } from '../console/seeded-ledger.fixture.ts';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';

let app: RunningApp;
let ann: Browser;
let csrf: string;
beforeAll(async () => {
  app = await startApp();
  await seedOrganization(app.ledger, Date.now());
  await app.modelHas(SEEDED.instances);
  ann = createBrowser(app.url);
  const secret = await app.ledger.access.links.make({ name: 'ann', role: 'operator' });
  await ann.send('POST', `/auth/link/${secret}`);
  csrf = Session.parse(JSON.parse((await ann.get('/auth/session')).body)).csrf ?? '';
});
afterAll(() => app.stop());

interface Answered<T> {
  readonly status: number;
  readonly body: T;
}

async function ask<T>(method: string, path: string, body?: unknown, key?: string): Promise<Answered<T>> {
  const headers = { 'x-csrf-token': csrf, ...(key === undefined ? {} : { 'idempotency-key': key }) };
  const answered = await ann.send(method, `/api/v1${path}`, body, headers);
  return { status: answered.status, body: JSON.parse(answered.body) as T };
}

async function planned(kind: string, selection: object): Promise<ActionPlan> {
  const { status, body } = await ask<ActionPlan>('POST', '/actions', { kind, selection, dry_run: true });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

function begin(kind: string, selection: object, plan: string, key = plan, reason = 'a test') {
  return ask<ActionRow & Problem>('POST', '/actions', { kind, selection, plan, reason }, key);
}

test('a filter is planned, begun and done by a worker; the list, the action and the audit tell of it', async () => {
  const selection = { filter: { state: 'failed' } };
  const plan = await planned('retry', selection);
  expect(plan).toMatchObject({ kind: 'retry', skipped: [], ramp: expect.stringContaining('It begins with') });
  expect(plan.hosts).toBeGreaterThan(5);

  const { status, body: begun } = await begin('retry', selection, plan.plan);
  expect(status).toBe(202);
  expect(begun).toMatchObject({
    state: 'running',
    progress: { total: plan.hosts, done: 0 },
    about: `${plan.hosts} hosts by the filter state=failed`,
  });
  expect(await app.ledger.due.lease('actions', 1, 10)).toEqual([begun.id]);
  await anOperator(app.ledger).run(ActionId.parse(begun.id));

  const { body: done } = await ask<ActionRow>('GET', `/actions/${begun.id}`);
  expect(done).toMatchObject({
    state: 'done',
    progress: { total: plan.hosts, done: plan.hosts },
    reason: 'a test',
  });
  const { body: list } = await ask<Page<ActionRow>>('GET', '/actions?state=done&kind=retry');
  expect(list.items).toEqual([done]);
  const { body: audit } = await ask<Page<AuditRow> & { chain: object }>('GET', '/audit?act=retry');
  expect(audit.items.map(({ result }) => result)).toEqual(['done', 'begun']);
  expect(audit.items[0]).toMatchObject({
    by: begun.by,
    from: '127.0.0.1',
    hosts: plan.hosts,
    basis: `plan ${begun.id}`,
    reason: 'a test',
  });
  expect(audit.chain).toMatchObject({ holds: true, firstBroken: null });
});

test('a pause is done by the scheduler itself, before it answers', async () => {
  const selection = { scope: `account:${accountId(2)}` };
  const plan = await planned('pause', selection);

  const { status, body } = await begin('pause', selection, plan.plan, 'key-1', 'network work');

  expect(status).toBe(202);
  expect(body).toMatchObject({ state: 'done', message: `paused account:${accountId(2)}` });
  expect(await app.ledger.control.pauses()).toContainEqual(
    expect.objectContaining({ scope: selection.scope, reason: 'network work' }),
  );
  expect((await app.ledger.due.count('actions')).all).toBe(0);
});

test('the same key and body are the same action; with another body it is a conflict', async () => {
  const selection = { scope: `account:${accountId(3)}` };
  const plan = await planned('pause', selection);

  const answers = await Promise.all([1, 2, 3].map(() => begin('pause', selection, plan.plan, 'twice')));
  const other = await begin('pause', selection, plan.plan, 'twice', 'another reason');

  expect(answers.map(({ status, body }) => [status, body.id])).toEqual([1, 2, 3].map(() => [202, plan.plan]));
  expect(other.status).toBe(409);
  const { body } = await ask<Page<AuditRow>>('GET', `/audit?act=pause&q=${accountId(3)}`);
  expect(body.items).toHaveLength(1);
});

test('an action is canceled once', async () => {
  const selection = { scope: 'all' };
  const { plan } = await planned('retry', selection);
  await begin('retry', selection, plan);

  const first = await ask<ActionRow>('POST', `/actions/${plan}/cancel`);
  const second = await ask<Problem>('POST', `/actions/${plan}/cancel`);

  expect(first).toMatchObject({ status: 200, body: { state: 'canceled' } });
  expect(second.status).toBe(409);
});

describe('refused', () => {
  test.each([
    ['a filter with a slip in its name', 'retry', { filter: { stat: 'failed' } }, 400],
    ['a filter without a word', 'retry', { filter: {} }, 422],
    ['a filter of spaces', 'retry', { filter: { q: '  ' } }, 422],
    ['a filter of which one word is empty', 'retry', { filter: { state: 'failed', unit: '' } }, 422],
    ['a filter with a slip in a word', 'pause', { filter: { state: 'faild' } }, 400],
    ['a pause of an instance that is not there', 'pause', { instances: ['i-00000000000fffff0'] }, 422],
    ['a pause by a filter that gives nothing', 'pause', { filter: { q: 'no-such-host' } }, 422],
    ['a scope that is none', 'pause', { scope: 'planet:earth' }, 422],
    ['an account that is not there', 'pause', { scope: 'account:999999999999' }, 422],
    ['a malformed id', 'retry', { instances: ['i-1'] }, 400],
    ['two selections at once', 'retry', { scope: 'all', subject: 'eu' }, 400],
    ['an approval of nothing', 'approve', { subject: 'eu' }, 422],
    ['an inventory that did not drop', 'accept-inventory', { scope: 'all' }, 422],
    ['a sweep of one instance', 'sweep', { scope: 'instance:i-00000000000000001' }, 422],
  ])('%s', async (_, kind, selection, status) => {
    const answered = await ask<Problem>('POST', '/actions', { kind, selection, dry_run: true });

    expect(answered.status, JSON.stringify(answered.body)).toBe(status);
  });

  test.each([
    [
      { filter: { stat: 'failed' } },
      '/selection/filter/stat',
      'There is no "stat" here: did you mean state?',
    ],
    [{ filter: { state: ['failed'] } }, '/selection/filter/state', 'joined by commas, such as failed,lost.'],
    [{ instances: ['i-1'] }, '/selection/instances/0', 'such as i-0123456789abcdef0.'],
    [
      { scop: 'all' },
      '/selection',
      'Must hold one of scope, instances, filter, subject, and nothing beside it.',
    ],
    [{ scope: 'all', subject: 'eu' }, '/selection', 'and nothing beside it.'],
    [{}, '/selection', 'Must hold one of scope,'],
  ])('%j is told where its fault is', async (selection, pointer, detail) => {
    const { body } = await ask<Problem>('POST', '/actions', { kind: 'retry', selection, dry_run: true });

    expect(body.errors).toEqual([{ pointer, detail: expect.stringContaining(detail) as string }]);
  });

  test('an action without a plan, without a key, by another selection, or by a plan that is not there', async () => {
    const selection = { scope: `account:${accountId(4)}` };
    const { plan } = await planned('pause', selection);
    const body = { kind: 'pause', selection, reason: '' };

    const answers = [
      await ask<Problem>('POST', '/actions', body, 'k1'),
      await ask<Problem>('POST', '/actions', { ...body, plan }),
      await begin('pause', { scope: 'all' }, plan, 'k3'),
      await begin('resume', selection, plan, 'k4'),
      await begin('pause', selection, '01ARZ3NDEKTSV4RRFFQ69G5FAV', 'k5'),
      await begin('pause', selection, 'nonsense', 'k6'),
    ];

    expect(answers.map(({ status }) => status)).toEqual([400, 400, 409, 409, 404, 404]);
    expect((await app.ledger.control.pauses()).map(({ scope }) => scope)).not.toContain(selection.scope);
  });

  test('what needs a role, of a visitor without one', async () => {
    const visitor = createBrowser(app.url);
    const body = { kind: 'pause', selection: { scope: 'all' }, dry_run: true };

    const posted = await visitor.send('POST', '/api/v1/actions', body);
    const canceled = await visitor.send('POST', '/api/v1/actions/01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel');

    expect([posted.status, canceled.status]).toEqual([401, 401]);
  });
});

test('an entry that was taken out is named by the audit, also after it was read', async () => {
  const { body: before } = await ask<Page<AuditRow> & { chain: object }>('GET', '/audit');
  const second = before.items.at(-2);
  await app.command('XDEL', '{muster}:audit', second?.id ?? '');

  const { body: after } = await ask<Page<AuditRow> & { chain: { firstBroken: string } }>('GET', '/audit');

  expect(after.total).toBe(before.total - 1);
  expect(after.chain).toMatchObject({ holds: false });
  expect(after.chain.firstBroken).toContain('entries 2 to 2 are missing before it');
});

test('a token that is bound to an account acts on instances of it, and begins no plan that reaches further', async () => {
  const { items } = (await ask<Page<InstanceRow>>('GET', '/instances?state=joined&limit=500')).body;
  const [first] = items;
  const own = items
    .filter(({ accountId: id }) => id === first?.accountId)
    .map(({ instanceId }) => instanceId);
  const other = items.find(({ accountId: id }) => id !== first?.accountId);
  if (first === undefined || other === undefined) throw new Error('the seed has too few hosts');
  const { secret } = await app.ledger.access.tokens.make({
    name: 'bound',
    role: 'operator',
    scope: `account:${first.accountId}` as never,
    by: 'ann',
    lifeMs: 60_000,
  });
  const act = async (selection: object, more: object, key = 'bound-1') => {
    const headers = { authorization: `Bearer ${secret}`, 'idempotency-key': key };
    const body = { kind: 'pause', selection, ...more };
    const { status, body: text } = await createBrowser(app.url).send(
      'POST',
      '/api/v1/actions',
      body,
      headers,
    );
    return { status, body: JSON.parse(text) as ActionPlan & ActionRow };
  };
  const dry = { dry_run: true };

  expect((await act({ instances: [other.instanceId] }, dry)).status).toBe(403);
  expect((await act({ instances: [...own, other.instanceId] }, dry)).status).toBe(403);
  expect((await act({ scope: `instance:${other.instanceId}` }, dry)).status).toBe(403);
  expect((await act({ instances: ['i-0fffffffffffffff0'] }, dry)).status).toBe(403);
  expect((await act({ scope: `instance:${first.instanceId}` }, dry)).status).toBe(200);

  const selection = { instances: own };
  const wider = await planned('pause', { instances: [...own, other.instanceId] });
  expect((await act(selection, { plan: wider.plan, reason: 'a test' })).status).not.toBe(202);
  const { body: plan } = await act(selection, dry);
  const begun = await act(selection, { plan: plan.plan, reason: 'a test' });

  expect(begun).toMatchObject({ status: 202, body: { state: 'done', by: 'bound' } });
});
