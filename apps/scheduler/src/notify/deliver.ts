import type { MusterConfig } from '@muster/core/config/model';
import { messageOf } from '@muster/core/runtime/errors';
import { mailBody, pagerdutyBodies, slackBody, webhookBody } from '@muster/core/notify/bodies';
import type { NotifyChannel } from '@muster/core/notify/channel';
import { wordMessage, type Sender } from '@muster/core/notify/message-text';
import type { NotifyBatch, Told } from '@muster/core/notify/told';
import { webhookHeaders } from '@muster/core/notify/webhook-signature';
import { PrivateAddressError } from './address-guard.ts';
import { type PostAnswer, postJson } from './post-json.ts';
import { sendMail } from './send-mail.ts';

/** How one attempt to send a message ended. `said`: what the server answered, or why none did; foreign text. */
export type Delivery =
  | { readonly kind: 'sent'; readonly said: string }
  /** It may work later. */
  | { readonly kind: 'later'; readonly said: string; readonly afterMs: number | null }
  /** It will not work before the operator changes something. */
  | { readonly kind: 'refused'; readonly said: string };

const TIMEOUT_MS = 10_000;

/** Who tells, by the configuration. */
export function senderOf({
  discoveryGroup,
  proxyServer,
}: Pick<MusterConfig, 'discoveryGroup' | 'proxyServer'>): Sender {
  return { group: discoveryGroup, cluster: proxyServer?.replace(/:\d+$/, '') ?? null };
}

/**
 * Sends a message to a channel, once. Never throws for what the far side does.
 *
 * @param standing what stands and was told to the channel: see `pagerdutyBodies`
 */
export async function deliver(
  channel: NotifyChannel,
  message: { readonly batch: NotifyBatch; readonly sender: Sender; readonly standing: readonly Told[] },
  { nowMs, signal }: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<Delivery> {
  const { batch, sender, standing } = message;
  const words = wordMessage(batch, sender);
  const post = (url: string, body: object, headersOf = (_text: string): Record<string, string> => ({})) => {
    const text = JSON.stringify(body, (_name, value: unknown) =>
      // Half of a character is no JSON that every server takes, and a message would be refused for it.
      typeof value === 'string' ? value.toWellFormed() : value,
    );
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    return postJson({
      url,
      body: text,
      headers: headersOf(text),
      allowPrivate: channel.allowPrivate,
      signal: limit,
    });
  };
  try {
    switch (channel.kind) {
      case 'slack':
        return judge(await post(channel.url.reveal(), slackBody(words)));
      case 'webhook': {
        const atSeconds = Math.floor(nowMs / 1_000);
        const secret = channel.secret?.reveal() ?? null;
        return judge(
          await post(channel.url.reveal(), webhookBody(batch, words, sender), (body) => ({
            ...webhookHeaders({ id: batch.id, atSeconds, body }, secret),
          })),
        );
      }
      case 'pagerduty': {
        let last: Delivery = { kind: 'sent', said: 'nothing to say' };
        const facts = { routingKey: channel.routingKey.reveal(), sender };
        for (const body of pagerdutyBodies(batch, standing, facts)) {
          last = judge(await post(channel.url.reveal(), body));
          if (last.kind !== 'sent') return last;
        }
        return last;
      }
      case 'email':
        return {
          kind: 'sent',
          said: await sendMail(channel, { id: batch.id, ...mailBody(words) }, TIMEOUT_MS),
        };
      default:
        return channel satisfies never;
    }
  } catch (error) {
    return fromError(error);
  }
}

/** Statuses after which the same may work: too slow, too early, too much. */
const PASSING = new Set([408, 425, 429]);

function judge({ status, text, retryAfterMs }: PostAnswer): Delivery {
  const said = `${status}${text.trim() === '' ? '' : ` ${text.trim()}`}`;
  if (status >= 200 && status < 300) return { kind: 'sent', said };
  if (status >= 300 && status < 400) {
    return {
      kind: 'refused',
      said: `${said}: redirects are not followed; write the address that it leads to`,
    };
  }
  if (status >= 500 || PASSING.has(status)) return { kind: 'later', said, afterMs: retryAfterMs };
  return { kind: 'refused', said };
}

/** SMTP answers with 5xx for what will not do, and 4xx for what may later. */
function fromError(error: unknown): Delivery {
  const said = messageOf(error);
  if (error instanceof PrivateAddressError) return { kind: 'refused', said };
  const code: unknown = error instanceof Error && 'responseCode' in error ? error.responseCode : null;
  if (typeof code === 'number' && code >= 500) return { kind: 'refused', said };
  return { kind: 'later', said, afterMs: null };
}
