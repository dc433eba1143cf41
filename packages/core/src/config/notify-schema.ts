import { z } from 'zod';
import { SEVERITIES } from '../control/severity.ts';
import { CHANNEL_KINDS } from '../notify/channel.ts';
import { confidentialText, flag, oneOf, refused, text, textList, whole } from './value-shapes.ts';

/** Who must act, as in `muster findings`. */
export const OWNER_WORDS = ['operator', 'host-owner', 'aws-admin', 'teleport-admin', 'muster'] as const;

/** One entry of `muster.notify`. */
export const NotifyShape = z.strictObject({
  name: text()
    .optional()
    .describe(
      'Required: lower-case letters, digits and `-`. Findings and `muster notify test` name the channel by it.',
    ),
  kind: oneOf(...CHANNEL_KINDS)
    .optional()
    .describe(
      'Required. `slack`: an incoming webhook. `webhook`: JSON by POST, signed by Standard Webhooks. `pagerduty`: Events API v2. `email`: SMTP.',
    ),
  severity: oneOf(...SEVERITIES)
    .optional()
    .describe(
      'At least how urgent: `page` stops work or endangers hosts, `warn` needs a person in the next days, `info` is good to know. Default `warn`, of `pagerduty` `page`.',
    ),
  kinds: textList()
    .optional()
    .describe(
      'Only these kinds of findings, such as `brake-engaged`; also `paused`, and `cause:CAUSE` for hosts of one cause that become many at once.',
    ),
  owners: z
    .array(oneOf(...OWNER_WORDS))
    .optional()
    .describe('Only what these must see to.'),
  units: textList()
    .optional()
    .describe('Only what is about one account below one of these units, or of the root: `ou-…`, `r-…`.'),
  accounts: textList().optional().describe('Only what is about one of these accounts.'),
  resolved: flag().prefault(true).describe('Whether the channel is told when something has ended.'),
  per_hour: whole(1, 1000)
    .prefault(30)
    .describe(
      'How many messages the channel is sent within an hour. What comes beyond waits and stands in the next one.',
    ),
  url: confidentialText()
    .optional()
    .describe(
      'Of `slack`, `webhook`: `https://…`. Of `email`: `smtp://[user@]host:587` (STARTTLS) or `smtps://[user@]host:465`. Of `pagerduty` only where it is another than `https://events.pagerduty.com/v2/enqueue`.',
    ),
  url_file: text()
    .optional()
    .describe('File with the URL, relative to the folder of this file: a Slack URL is a secret.'),
  secret: refused(
    'a secret does not belong into this file: put it into a file of its own, and name that in secret_file',
  )
    .optional()
    .describe('Refused: use `secret_file`.'),
  secret_file: text()
    .optional()
    .describe(
      'File with the secret, relative to the folder of this file. Of `webhook` the key of the signature (`whsec_…`), of `pagerduty` the integration key (required), of `email` the password of the user in the URL.',
    ),
  from: text().optional().describe('Of `email`, required: the sender.'),
  to: textList().optional().describe('Of `email`, required: the recipients.'),
  allow_private: flag()
    .prefault(false)
    .describe(
      'Whether the server may have a private, link-local or loopback address, and a URL may be `http://`. Otherwise such addresses are refused when the connection is made, whatever the name resolves to.',
    ),
});
export type NotifyShape = z.infer<typeof NotifyShape>;
