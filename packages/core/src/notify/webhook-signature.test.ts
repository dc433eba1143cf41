import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { signingKeyOf, webhookHeaders } from './webhook-signature.ts';

test('the example of the specification has the signature that stands there', () => {
  const headers = webhookHeaders(
    { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', atSeconds: 1_614_265_330, body: '{"test": 2432232314}' },
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  );

  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('the library of Standard Webhooks takes what is signed, and nothing that was changed on the way', () => {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const body = JSON.stringify({ type: 'muster.findings', text: 'Grüße 🙂' });
  const headers = webhookHeaders({ id: 'm1', atSeconds: Math.floor(Date.now() / 1_000), body }, secret);
  const receiver = new Webhook(secret);

  expect(receiver.verify(body, { ...headers })).toEqual(JSON.parse(body));
  expect(() => receiver.verify(`${body} `, { ...headers })).toThrow('No matching signature');
  expect(() => receiver.verify(body, { ...headers, 'webhook-id': 'm2' })).toThrow('No matching signature');
});

test('without a secret nothing is signed', () => {
  expect(webhookHeaders({ id: 'm1', atSeconds: 5, body: '{}' }, null)).toEqual({
    'webhook-id': 'm1',
    'webhook-timestamp': '5',
  });
});

test.each(['', 'whsec_', 'whsec_dG9vIHNob3J0', 'whsec_!!!!', 'not base64 at all, and long enough'])(
  'a secret that is none is refused: %s',
  (secret) => {
    expect(signingKeyOf(secret)).toBeNull();
  },
);
