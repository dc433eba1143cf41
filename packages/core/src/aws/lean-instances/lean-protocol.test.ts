import { describe, expect, it } from 'vitest';
import { answerOf, sendThrough, usedFields, wireAnswer } from './answers.fixture.ts';

const answer = answerOf(
  [
    {
      ownerId: '111122223333',
      instances: [
        {
          id: 'i-0123456789abcdef0',
          state: 'running',
          platform: 'windows',
          launchTime: '2026-01-02T03:04:05.000Z',
          tags: [['Ort', 'Zürich 東京 🚀 & <more>']],
          hasProfile: false,
        },
      ],
    },
  ],
  'next page',
);

describe('a client with the lean protocol', () => {
  it.each([1, 2, 3, 64, 100_000])('reads an answer that comes in pieces of %i bytes', async (size) => {
    const bytes = Buffer.from(answer);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));

    const lean = await sendThrough('lean', { chunks });

    expect(usedFields(lean)).toEqual(usedFields(await sendThrough('sdk', { chunks })));
    expect(lean).toHaveProperty('$metadata.requestId', 'request-1');
    expect(lean).toHaveProperty('$metadata.httpStatusCode', 200);
  });

  it('really is lean: fields that are not used are not there', async () => {
    const lean = await sendThrough('lean', wireAnswer(answer));

    expect(lean.Reservations?.[0]?.Instances?.[0]).not.toHaveProperty('ImageId');
    expect(lean.Reservations?.[0]?.Instances?.[0]?.InstanceId).toBe('i-0123456789abcdef0');
  });

  it('leaves what is not plain to the SDK', async () => {
    const odd = answer.replace('rich', 'rich<!-- a comment -->');

    const lean = await sendThrough('lean', wireAnswer(odd));

    expect(lean).toEqual(await sendThrough('sdk', wireAnswer(odd)));
    expect(lean.Reservations?.[0]?.Instances?.[0]).toHaveProperty('ImageId');
  });

  it.each([
    [
      'a refusal',
      403,
      '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors><RequestID>r</RequestID></Response>',
    ],
    [
      'a throttle',
      503,
      '<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error></Errors><RequestID>r</RequestID></Response>',
    ],
    ['an error page', 502, '<html><body>Bad Gateway</body></html>'],
    ['half of an answer', 200, answer.slice(0, 900)],
    ['no XML', 200, 'not at all'],
  ])('fails with the SDK’s own error for %s', async (_name, status, body) => {
    const wire = wireAnswer(body, status);
    const errorOf = (protocol: 'sdk' | 'lean'): Promise<unknown> =>
      sendThrough(protocol, wire).then(
        () => 'no error',
        (error: unknown) => error,
      );

    const lean = await errorOf('lean');

    expect(lean).toBeInstanceOf(Error);
    expect(lean).toEqual(await errorOf('sdk'));
    expect((lean as Error).name).toBe(((await errorOf('sdk')) as Error).name);
  });
});
