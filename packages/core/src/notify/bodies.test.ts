import { expect, test } from 'vitest';
import { mailBody, pagerdutyBodies, slackBody, webhookBody } from './bodies.ts';
import { wordMessage } from './message-text.ts';
import type { NotifyBatch, NotifyEvent, Told } from './told.ts';

const AT_MS = Date.UTC(2026, 10, 22, 8);
const SENDER = { group: 'production', cluster: 'teleport.example.com' };
/** As the owner of an account could write it into a tag, or a host into its output. */
const HOSTILE = '<!channel> <https://evil.example|click> & *bold*\u202e\u001b[2J\nBcc: all@example.com';

function anEvent(facts: Partial<NotifyEvent> = {}): NotifyEvent {
  const { kind = 'brake-engaged', scope = 'all' } = facts;
  return {
    id: `${kind}@${scope}`,
    kind,
    scope,
    severity: 'page',
    owner: 'operator',
    message: 'Too many hosts failed.',
    remedy: 'Run: muster findings',
    sinceMs: AT_MS,
    count: 1,
    accountId: null,
    type: 'raised',
    atMs: AT_MS,
    ...facts,
  };
}

function aBatch(...events: readonly NotifyEvent[]): NotifyBatch {
  return { id: 'm1', channel: 'ops', createdMs: AT_MS, events: [...events], leftOut: 0 };
}

function told(event: NotifyEvent): Told {
  const { type: _type, atMs: _atMs, ...item } = event;
  return { item, state: 'told', atMs: AT_MS, missedMs: null, raises: 1, channels: ['ops'] };
}

test('a message tells the most urgent first, what has ended last, and how much it leaves out', () => {
  const infos = Array.from({ length: 11 }, (_, n) =>
    anEvent({ kind: 'labels-failed', scope: `account:${n}`, severity: 'info' }),
  );
  const ended = anEvent({ kind: 'clock-off', type: 'resolved' });
  const words = wordMessage({ ...aBatch(ended, ...infos, anEvent()), leftOut: 5 }, SENDER);

  expect(words.title).toBe('Muster production (teleport.example.com): 12 raised, 1 resolved');
  expect(words.entries[0]).toEqual({
    severity: 'page',
    head: 'raised: brake-engaged (all), page',
    text: 'Too many hosts failed.',
    remedy: 'operator: Run: muster findings',
  });
  expect(words.entries).toHaveLength(10);
  expect(words.more).toBe(8);
});

test('foreign text is no mention, no link and no control character in Slack', () => {
  const body = JSON.stringify(slackBody(wordMessage(aBatch(anEvent({ message: HOSTILE })), SENDER)));

  expect(body).not.toContain('mrkdwn');
  expect(body.match(/"type":"plain_text"/g)).toHaveLength(2);
  expect(body).toContain('"emoji":false');
  expect(body).toContain(String.raw`\\u202e\\u001b[2J\\nBcc`);
  const { text } = slackBody(wordMessage(aBatch(anEvent()), { group: '<!channel>', cluster: null })) as {
    text: string;
  };
  expect(text).toContain('&lt;!channel&gt;');
});

test('a mail has one line as its subject, and foreign text begins no line of its own', () => {
  const { subject, text } = mailBody(
    wordMessage(aBatch(anEvent({ message: HOSTILE, scope: 'a\r\nBcc: x@example.com' })), SENDER),
  );

  expect(subject).not.toMatch(/[\r\n]/);
  expect(text.split('\n').some((line) => line.startsWith('Bcc'))).toBe(false);
});

test('a webhook says all of each event', () => {
  const batch = aBatch(anEvent({ accountId: '111122223333', count: 3 }));

  expect(webhookBody(batch, wordMessage(batch, SENDER), SENDER)).toEqual({
    type: 'muster.findings',
    timestamp: '2026-11-22T08:00:00.000Z',
    data: {
      ...SENDER,
      title: 'Muster production (teleport.example.com): 1 raised',
      leftOut: 0,
      events: [
        {
          type: 'raised',
          id: 'brake-engaged@all',
          kind: 'brake-engaged',
          scope: 'all',
          severity: 'page',
          owner: 'operator',
          message: 'Too many hosts failed.',
          remedy: 'Run: muster findings',
          since: '2026-11-22T08:00:00.000Z',
          at: '2026-11-22T08:00:00.000Z',
          count: 3,
          accountId: '111122223333',
        },
      ],
    },
  });
});

test('four hundred accounts of one kind are one incident, which ends when the last of them has ended', () => {
  const events = Array.from({ length: 400 }, (_, n) => anEvent({ scope: `account:${n}` }));
  const facts = { routingKey: 'k'.repeat(32), sender: SENDER };
  const [trigger, ...others] = pagerdutyBodies(aBatch(...events), events.map(told), facts);

  expect(others).toEqual([]);
  expect(trigger).toMatchObject({
    routing_key: facts.routingKey,
    event_action: 'trigger',
    dedup_key: 'muster/teleport.example.com/production/brake-engaged',
    payload: {
      summary: 'brake-engaged: Too many hosts failed. (and 399 more)',
      severity: 'critical',
      source: 'teleport.example.com',
    },
  });
  const ended = aBatch(anEvent({ scope: 'account:0', type: 'resolved' }));
  expect(pagerdutyBodies(ended, events.slice(1).map(told), facts)).toMatchObject([
    { event_action: 'trigger' },
  ]);
  expect(pagerdutyBodies(ended, [], facts)).toEqual([
    {
      routing_key: facts.routingKey,
      dedup_key: 'muster/teleport.example.com/production/brake-engaged',
      client: 'Muster',
      event_action: 'resolve',
    },
  ]);
});

test('an incident has the summary of the most urgent of its scopes, and foreign text is one plain line', () => {
  const facts = { routingKey: 'k'.repeat(32), sender: SENDER };
  const mild = anEvent({ scope: 'account:1', severity: 'info' });
  const urgent = anEvent({ scope: 'account:2', message: HOSTILE, remedy: HOSTILE });

  const [body] = pagerdutyBodies(aBatch(mild, urgent), [mild, urgent].map(told), facts);

  expect(body).toMatchObject({ payload: { severity: 'critical' } });
  const { payload } = body as { payload: { summary: string; custom_details: { remedy: string } } };
  for (const text of [payload.summary, payload.custom_details.remedy]) {
    expect(text).toContain(String.raw`*bold*\u202e\u001b[2J\nBcc`);
    expect(text).not.toMatch(/\p{C}/u);
  }
});

test('no text is cut in the middle of a character, whatever the length', () => {
  const facts = { routingKey: 'k'.repeat(32), sender: { ...SENDER, group: '😀'.repeat(500) } };
  for (const lead of ['', 'a']) {
    const event = anEvent({ message: lead + '😀'.repeat(2_000), scope: lead + '😀'.repeat(2_000) });
    const words = wordMessage(aBatch(event), facts.sender);
    const sent = [slackBody(words), mailBody(words), ...pagerdutyBodies(aBatch(event), [told(event)], facts)];

    for (const text of sent.map((body) => JSON.stringify(body))) expect(text).not.toMatch(/\\ud[89a-f]/i);
  }
});
