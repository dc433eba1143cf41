/** What is sent to each kind of channel that takes JSON. */
import { SEVERITIES } from '../control/severity.ts';
import { beginOfText } from '../runtime/wording.ts';
import { type MessageText, moreOf, plainLine, type Sender, textOf } from './message-text.ts';
import type { NotifyBatch, NotifyEvent, Told } from './told.ts';

/**
 * A message of Slack's Block Kit. Every text of ours is `plain_text`, in which nothing is a link, a mention or an emoji; the
 * fallback of old clients is escaped as Slack asks for.
 * Source: https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function slackBody(words: MessageText): object {
  const plain = (text: string): object => ({ type: 'plain_text', text, emoji: false });
  return {
    text: escapeSlack(words.title),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      // 150 characters are the most that a header takes, 3,000 a section.
      { type: 'header', text: plain(beginOfText(words.title, 150)) },
      ...words.entries.map(({ head, text, remedy }) => ({
        type: 'section',
        text: plain(beginOfText([head, text, ...(remedy === null ? [] : [remedy])].join('\n'), 3_000)),
      })),
      ...(words.more > 0 ? [{ type: 'context', elements: [plain(moreOf(words.more))] }] : []),
    ],
  };
}

function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A message of Standard Webhooks: `type`, `timestamp`, `data`. */
export function webhookBody(batch: NotifyBatch, words: MessageText, sender: Sender): object {
  return {
    type: 'muster.findings',
    timestamp: new Date(batch.createdMs).toISOString(),
    data: {
      group: sender.group,
      cluster: sender.cluster,
      title: words.title,
      events: batch.events.map(eventBody),
      leftOut: batch.leftOut,
    },
  };
}

function eventBody(event: NotifyEvent): object {
  const { type, id, kind, scope, severity, owner, message, remedy, sinceMs, atMs, count, accountId } = event;
  return {
    type,
    id,
    kind,
    scope,
    severity,
    owner,
    message,
    remedy,
    since: new Date(sinceMs).toISOString(),
    at: new Date(atMs).toISOString(),
    count,
    accountId,
  };
}

const PAGERDUTY_SEVERITY = { page: 'critical', warn: 'warning', info: 'info' } as const;

/**
 * Events of PagerDuty: one incident per kind, whatever number of scopes it has, so that four hundred accounts are one call. It
 * is triggered while a scope of the kind stands that the channel was told of, else resolved: sent twice, it is the same.
 * Source: https://developer.pagerduty.com/docs/send-alert-event
 *
 * @param standing what stands now and was told to this channel
 */
export function pagerdutyBodies(
  batch: NotifyBatch,
  standing: readonly Told[],
  facts: { readonly routingKey: string; readonly sender: Sender },
): readonly object[] {
  const kinds = [...new Set(batch.events.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const open = standing.filter(({ item }) => item.kind === kind).map(({ item }) => item);
    const base = {
      routing_key: facts.routingKey,
      dedup_key: beginOfText(`muster/${facts.sender.cluster ?? ''}/${facts.sender.group}/${kind}`, 255),
      client: 'Muster',
    };
    const [first] = open.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
    if (first === undefined) return { ...base, event_action: 'resolve' };
    const more = open.length > 1 ? ` (and ${open.length - 1} more)` : '';
    return {
      ...base,
      event_action: 'trigger',
      payload: {
        // 1,024 characters are the most.
        summary: plainLine(`${kind}: ${first.message}`) + more,
        source: facts.sender.cluster ?? facts.sender.group,
        severity: PAGERDUTY_SEVERITY[first.severity],
        timestamp: new Date(first.sinceMs).toISOString(),
        component: 'muster',
        group: facts.sender.group,
        class: kind,
        custom_details: {
          owner: first.owner,
          remedy: plainLine(first.remedy),
          scopes: open.slice(0, 50).map(({ scope }) => plainLine(scope)),
        },
      },
    };
  });
}

/** Subject and text of a mail. */
export function mailBody(words: MessageText): { readonly subject: string; readonly text: string } {
  return { subject: beginOfText(words.title, 200), text: textOf(words) };
}
