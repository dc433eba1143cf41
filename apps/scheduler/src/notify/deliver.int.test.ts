import { randomBytes } from 'node:crypto';
import type { lookup } from 'node:dns';
import { Secret } from '@muster/core/config/secret';
import type { NotifyChannel } from '@muster/core/notify/channel';
import { testBatch } from '@muster/core/notify/message-text';
import type { NotifyBatch, Told } from '@muster/core/notify/told';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { deliver } from './deliver.ts';
import { guardedLookup } from './address-guard.ts';
import { postJson } from './post-json.ts';
import { type MailReceiver, type Receiver, startMailReceiver, startReceiver } from './receivers.fixture.ts';

let receiver: Receiver;
let mail: MailReceiver;
beforeAll(async () => {
  receiver = await startReceiver();
  mail = await startMailReceiver();
});
beforeEach(() => {
  receiver.answer({ status: 200, text: 'ok' });
});
afterAll(() => Promise.all([receiver.stop(), mail.stop()]));

const SENDER = { group: 'production', cluster: 'teleport.example.com' };
const BATCH = testBatch('ops', 'm1', Date.UTC(2026, 10, 22, 8));

function aChannel(target: object, allowPrivate = true): NotifyChannel {
  return {
    name: 'ops',
    filter: { severity: 'warn', kinds: null, owners: null, units: null, accounts: null },
    resolved: true,
    perHour: 30,
    allowPrivate,
    ...target,
  } as NotifyChannel;
}

function send(channel: NotifyChannel, batch: NotifyBatch = BATCH, standing: readonly Told[] = []) {
  const options = { nowMs: Date.now(), signal: AbortSignal.timeout(5_000) };
  return deliver(channel, { batch, sender: SENDER, standing }, options);
}

const slack = (url: string): object => ({ kind: 'slack', url: new Secret(url) });

test('Slack is sent blocks of plain text', async () => {
  expect(await send(aChannel(slack(`${receiver.url}/services/T0`)))).toEqual({
    kind: 'sent',
    said: '200 ok',
  });

  expect(receiver.received.at(-1)).toMatchObject({
    path: '/services/T0',
    json: { blocks: [{ type: 'header' }, { type: 'section' }] },
  });
});

test('a webhook is signed so that the library of Standard Webhooks takes it, the same id at each attempt', async () => {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const channel = aChannel({ kind: 'webhook', url: new Secret(receiver.url), secret: new Secret(secret) });
  await send(channel);
  await send(channel);

  const [first, second] = receiver.received.slice(-2);
  expect(
    new Webhook(secret).verify(first?.text ?? '', first?.headers as Record<string, string>),
  ).toMatchObject({
    type: 'muster.findings',
    data: { group: 'production' },
  });
  expect([first?.headers['webhook-id'], second?.headers['webhook-id']]).toEqual(['m1', 'm1']);
});

test('PagerDuty is told with the routing key in the body', async () => {
  receiver.answer({ status: 202, text: '{"status":"success"}' });
  const channel = aChannel({
    kind: 'pagerduty',
    url: new Secret(`${receiver.url}/v2/enqueue`),
    routingKey: new Secret('r'.repeat(32)),
  });

  expect(await send(channel)).toEqual({ kind: 'sent', said: '202 {"status":"success"}' });
  expect(receiver.received.at(-1)?.json).toMatchObject({
    routing_key: 'r'.repeat(32),
    event_action: 'resolve',
    dedup_key: 'muster/teleport.example.com/production/test',
  });
});

test('a mail has sender, recipients, subject and text, and the password of the user', async () => {
  const target = {
    kind: 'email',
    host: '127.0.0.1',
    port: mail.port,
    isTls: false,
    user: 'muster',
    password: new Secret('mail-s3cret'),
    from: 'muster@example.com',
    to: ['ops@example.com', 'team@example.com'],
  };

  expect(await send(aChannel(target))).toMatchObject({ kind: 'sent' });
  expect(mail.mails.at(-1)).toMatchObject({
    from: 'muster@example.com',
    to: ['ops@example.com', 'team@example.com'],
  });
  expect(mail.mails.at(-1)?.text).toMatch(/^Subject: Muster production .*: 1 raised$/im);
  expect(mail.mails.at(-1)?.text).toContain('Message-ID: <m1@muster.invalid>');
  expect(await send(aChannel({ ...target, password: new Secret('wrong') }))).toMatchObject({
    kind: 'refused',
  });
  // Not over a connection without TLS, where the server is not one that is allowed to be private.
  expect(await send(aChannel(target, false))).toMatchObject({ kind: 'refused' });
});

test.each([
  [200, 'sent'],
  [204, 'sent'],
  [302, 'refused'],
  [400, 'refused'],
  [403, 'refused'],
  [404, 'refused'],
  [410, 'refused'],
  [408, 'later'],
  [429, 'later'],
  [500, 'later'],
  [503, 'later'],
])('an answer of %i is %s', async (status, kind) => {
  receiver.answer({ status, headers: { location: `${receiver.url}/elsewhere` } });
  const before = receiver.received.length;

  expect((await send(aChannel(slack(receiver.url)))).kind).toBe(kind);
  // Where a redirect leads is not asked.
  expect(receiver.received.length).toBe(before + 1);
});

test('a message that was taken is sent, also where the connection breaks before the end of the answer', async () => {
  receiver.answer({ status: 200, text: 'ok', breaks: true });

  expect(await send(aChannel(slack(receiver.url)))).toMatchObject({ kind: 'sent' });
});

test('half of a character in a foreign text is sent as the sign for one that is not known', async () => {
  const [event] = BATCH.events;
  if (event === undefined) throw new Error('there is no event');
  const batch = { ...BATCH, events: [{ ...event, message: 'cut \ud83d' }] };
  await send(aChannel({ kind: 'webhook', url: new Secret(receiver.url), secret: null }), batch);

  expect(receiver.received.at(-1)?.text).toContain('"message":"cut \ufffd"');
});

test('how long a server asks to wait is told', async () => {
  receiver.answer({ status: 429, headers: { 'retry-after': '120' } });

  expect(await send(aChannel(slack(receiver.url)))).toEqual({ kind: 'later', said: '429', afterMs: 120_000 });
});

test('a server that is away may be there later', async () => {
  const gone = await startReceiver();
  await gone.stop();

  expect(await send(aChannel(slack(gone.url)))).toMatchObject({ kind: 'later' });
});

test.each(['http://127.0.0.1', 'http://[::1]', 'http://169.254.169.254', 'http://localhost'])(
  'a message to %s is refused before a byte is sent, unless the channel allows private addresses',
  async (host) => {
    const port = new URL(receiver.url).port;
    const before = receiver.received.length;

    const delivery = await send(aChannel(slack(`${host}:${port}/latest/meta-data`), false));

    expect(delivery).toMatchObject({ kind: 'refused' });
    expect(delivery.said).toContain('no public address');
    expect(receiver.received.length).toBe(before);
  },
);

test('a name that resolves to loopback when the connection is made is refused then', async () => {
  const { port } = new URL(receiver.url);
  const resolve = (
    _host: string,
    _options: object,
    callback: (...args: readonly unknown[]) => void,
  ): void => {
    callback(null, [{ address: '127.0.0.1', family: 4 }]);
  };
  const before = receiver.received.length;

  const sent = postJson({
    url: `http://rebinding.example.com:${port}/`,
    body: '{}',
    allowPrivate: false,
    signal: AbortSignal.timeout(5_000),
    lookup: guardedLookup(resolve as typeof lookup),
  });

  await expect(sent).rejects.toThrow('rebinding.example.com is at 127.0.0.1');
  expect(receiver.received.length).toBe(before);
});
