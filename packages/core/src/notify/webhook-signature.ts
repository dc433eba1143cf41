// oxlint-disable-next-line no-restricted-imports -- a function of its arguments
import { createHmac } from 'node:crypto';

/** How secrets of Standard Webhooks begin. */
const SECRET_PREFIX = 'whsec_';

/** The bytes of a secret of Standard Webhooks; null for what is none (24 to 64 bytes in base64, with or without `whsec_`). */
export function signingKeyOf(secret: string): Buffer | null {
  const text = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const key = Buffer.from(text, 'base64');
  return key.length >= 24 && key.length <= 64 ? key : null;
}

/**
 * The three headers by which a receiver knows who sent a body, that it is whole, and how old it is.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param message `id` stays the same when a message is sent again; `atSeconds` is the time of this attempt, epoch seconds
 * @param secret null sends without a signature
 */
export function webhookHeaders(
  message: { readonly id: string; readonly atSeconds: number; readonly body: string },
  secret: string | null,
): Readonly<Record<string, string>> {
  const { id, atSeconds, body } = message;
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(atSeconds) };
  const key = secret === null ? null : signingKeyOf(secret);
  if (key === null) return headers;
  const mac = createHmac('sha256', key).update(`${id}.${atSeconds}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${mac}` };
}
