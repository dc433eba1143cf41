import { X509Certificate } from 'node:crypto';
import type { MusterConfig } from '@muster/core/config/model';
import type { Finding } from '@muster/core/control/findings';
import type { Ledger } from '@muster/core/control/ledger';
import { plural } from '@muster/core/runtime/wording';

/** Tools renew a month before the end, so two weeks before it they have failed for as long. */
const SOON_MS = 14 * 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * Tells of a certificate of this host's console that ends soon, and takes it back when another one is in force. Other hosts have
 * certificates of their own: what was told of one goes when no scheduler runs there any more.
 *
 * @param name of this process, as `processName` makes it
 */
export async function reportCertificate(
  { control, clocks }: Pick<Ledger, 'control' | 'clocks'>,
  { console: { tls } }: Pick<MusterConfig, 'console'>,
  name: string,
  nowMs: number,
): Promise<void> {
  const host = hostOf(name);
  const finding = tls === null ? null : findingOfCertificate(tls.certificate, host, nowMs);
  if (finding !== null) await control.raise(finding);
  const processes = (await clocks.all()).clocks;
  const schedulers = processes.filter(({ part }) => part === 'scheduler');
  const others = new Set(schedulers.map((one) => scopeOf(hostOf(one.name))));
  for (const { kind, scope } of await control.findings()) {
    const isOver = scope === scopeOf(host) ? finding === null : !others.has(scope);
    if (kind === 'certificate-expires' && isOver) await control.clear(kind, scope);
  }
}

/** Of the host, not of the process: a restart leaves the finding, and its mute, in place. */
function scopeOf(host: string): string {
  return `console:${host}`;
}

function hostOf(processName: string): string {
  return processName.slice(0, processName.lastIndexOf('/'));
}

/** Null for one that is in force for two weeks more. @param pem the first of a chain is the console's */
function findingOfCertificate(pem: string, host: string, nowMs: number): Finding | null {
  const { validToDate, subject } = new X509Certificate(pem);
  const leftMs = validToDate.getTime() - nowMs;
  if (leftMs > SOON_MS) return null;
  const when = validToDate.toISOString();
  const hours = Math.floor(Math.abs(leftMs) / HOUR_MS);
  const time = hours < 48 ? plural(hours, 'hour') : plural(Math.floor(hours / 24), 'day');
  return {
    kind: 'certificate-expires',
    scope: scopeOf(host),
    sinceMs: nowMs,
    message: `The certificate of the console on ${host} (${subject.replaceAll('\n', ', ')}) ${leftMs > 0 ? `ends in ${time}, at ${when}` : `ended ${time} ago, at ${when}`}. Browsers and commands refuse the console ${leftMs > 0 ? 'then' : 'since'}.`,
    remedy:
      'Write a new certificate and its key into the files of muster.console.tls: schedulers take them up without a restart. Where a tool renews them, see why it did not.',
  };
}
