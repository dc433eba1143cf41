import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { NotifyChannel } from '@muster/core/notify/channel';
import { isPublicAddress, PrivateAddressError } from './address-guard.ts';

type MailChannel = Extract<NotifyChannel, { readonly kind: 'email' }>;

/** Sends one mail. @returns what the server said @throws nodemailer's error, or a `PrivateAddressError` */
export async function sendMail(
  channel: MailChannel,
  mail: { readonly id: string; readonly subject: string; readonly text: string },
  timeoutMs: number,
): Promise<string> {
  const { host, port, isTls, user, password, allowPrivate } = channel;
  // Loaded with the first mail: most schedulers send none.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    // The address that was judged is the one that is connected to; the certificate is still the name's.
    host: await addressOf(host, allowPrivate),
    port,
    secure: isTls,
    requireTLS: !isTls && !allowPrivate,
    tls: isIP(host) === 0 ? { servername: host } : {},
    ...(user === null ? {} : { auth: { user, pass: password?.reveal() ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // A text from Redis names no file and no URL that the library would read.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const sent = await transport.sendMail({
      from: channel.from,
      to: [...channel.to],
      subject: mail.subject,
      text: mail.text,
      // The same for each attempt: a mail server that has it drops the second one.
      messageId: `<${mail.id}@muster.invalid>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
    return sent.response;
  } finally {
    transport.close();
  }
}

async function addressOf(host: string, allowPrivate: boolean): Promise<string> {
  if (allowPrivate) return host;
  const addresses = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host }];
  const wrong = addresses.find(({ address }) => !isPublicAddress(address));
  if (wrong !== undefined) throw new PrivateAddressError(host, wrong.address);
  return addresses[0]?.address ?? host;
}
