import { X509Certificate } from 'node:crypto';
import type { MusterConfig } from '@muster/core/config/model';
import type { Finding } from '@muster/core/control/findings';
import type { Ledger } from '@muster/core/control/ledger';
import { plural } from '@muster/core/runtime/wording';

/** Tools renew a month before the end, so two weeks before it they have failed for as long. */
const SOON_MS = 14 * 86_400_000;
const HOUR_MS = 3_600_000;

/** Tells of a certificate of the console that ends soon, and takes it back when another one is in force. */
export async function reportCertificate(
  { control }: Pick<Ledger, 'control'>,
  { console: { tls } }: Pick<MusterConfig, 'console'>,
  nowMs: number,
): Promise<void> {
  const finding = tls === null ? null : findingOfCertificate(tls.certificate, nowMs);
  if (finding === null) await control.clear('certificate-expires', 'console');
  else await control.raise(finding);
}

/** Null for one that is in force for two weeks more. @param pem the first of a chain is the console's */
export function findingOfCertificate(pem: string, nowMs: number): Finding | null {
  const { validToDate, subject } = new X509Certificate(pem);
  const leftMs = validToDate.getTime() - nowMs;
  if (leftMs > SOON_MS) return null;
  const when = validToDate.toISOString();
  const hours = Math.floor(Math.abs(leftMs) / HOUR_MS);
  const time = hours < 48 ? plural(hours, 'hour') : plural(Math.floor(hours / 24), 'day');
  return {
    kind: 'certificate-expires',
    scope: 'console',
    sinceMs: nowMs,
    message: `The certificate of the console (${subject.replaceAll('\n', ', ')}) ${leftMs > 0 ? `ends in ${time}, at ${when}` : `ended ${time} ago, at ${when}`}. Browsers and commands refuse the console ${leftMs > 0 ? 'then' : 'since'}.`,
    remedy:
      'Write a new certificate and its key into the files of muster.console.tls: schedulers take them up without a restart. Where a tool renews them, see why it did not.',
  };
}
