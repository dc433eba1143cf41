import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@muster/core/config/secret';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { reportCertificate } from './watch-certificate.ts';

const bench = useLedgerBench();
const DAY_MS = 86_400_000;

/** A certificate that is in force for thirty days. */
function aCertificate(): string {
  const folder = mkdtempSync(join(tmpdir(), 'muster-tls-'));
  try {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const out = ['-days', '30', '-subj', '/CN=muster.example.com', '-keyout', key, '-out', certificate];
    execFileSync('openssl', [...words, ...out], { stdio: 'ignore' });
    return readFileSync(certificate, 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a certificate that ends within two weeks is a finding, until another one is in force', async () => {
  const { ledger } = bench.create();
  const config = parsedSystemConfig(OFFLINE_FACTS, {});
  const tls = { certificate: aCertificate(), key: new Secret('a key') };
  const withTls = { console: { ...config.console, tls } };
  const [nowMs, told] = [Date.now(), async () => ledger.control.findings()];

  await reportCertificate(ledger, withTls, nowMs);
  expect(await told()).toEqual([]);

  await reportCertificate(ledger, withTls, nowMs + 20 * DAY_MS);
  expect(await told()).toMatchObject([
    {
      kind: 'certificate-expires',
      scope: 'console',
      message: expect.stringMatching(/muster\.example\.com.* ends in 9 days/),
    },
  ]);
  await reportCertificate(ledger, withTls, nowMs + 31 * DAY_MS);
  expect(await told()).toMatchObject([{ message: expect.stringContaining('ended') }]);

  await reportCertificate(ledger, withTls, nowMs);
  expect(await told()).toEqual([]);
});
