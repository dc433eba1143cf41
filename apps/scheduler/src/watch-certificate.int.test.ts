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

  await reportCertificate(ledger, withTls, 'a.example.com/1', nowMs);
  expect(await told()).toEqual([]);

  await reportCertificate(ledger, withTls, 'a.example.com/1', nowMs + 20 * DAY_MS);
  expect(await told()).toMatchObject([
    {
      kind: 'certificate-expires',
      scope: 'console:a.example.com',
      message: expect.stringMatching(/a\.example\.com.*muster\.example\.com.* ends in 9 days/),
    },
  ]);
  await reportCertificate(ledger, withTls, 'a.example.com/1', nowMs + 31 * DAY_MS);
  expect(await told()).toMatchObject([{ message: expect.stringContaining('ended') }]);

  await reportCertificate(ledger, withTls, 'a.example.com/1', nowMs);
  expect(await told()).toEqual([]);
});

test('each host has a certificate of its own, and what was told of it ends with the last scheduler there', async () => {
  const { ledger } = bench.create();
  const { console: plain } = parsedSystemConfig(OFFLINE_FACTS, {});
  const withTls = { console: { ...plain, tls: { certificate: aCertificate(), key: new Secret('a key') } } };
  const soonMs = Date.now() + 20 * DAY_MS;
  const told = async (): Promise<string[]> =>
    (await ledger.control.findings()).map(({ scope }) => scope).sort();
  const readAtMs = await ledger.clocks.now();
  for (const name of ['a.example.com/1', 'b.example.com/7', 'c.example.com/3']) {
    const part = name.startsWith('c') ? 'worker' : 'scheduler';
    await ledger.clocks.tell({ name, part, offsetMs: 0, roundTripMs: 1, readAtMs, offSinceMs: null });
  }

  await reportCertificate(ledger, withTls, 'a.example.com/1', soonMs);
  await reportCertificate(ledger, { console: plain }, 'b.example.com/7', soonMs);
  expect(await told()).toEqual(['console:a.example.com']);

  await reportCertificate(ledger, withTls, 'b.example.com/7', soonMs);
  // The scheduler of this host has gone since, and a worker is left there.
  await reportCertificate(ledger, withTls, 'c.example.com/2', soonMs);
  await reportCertificate(ledger, withTls, 'a.example.com/1', soonMs);
  expect(await told()).toEqual(['console:a.example.com', 'console:b.example.com']);

  await ledger.clocks.leave('b.example.com/7');
  await reportCertificate(ledger, withTls, 'a.example.com/1', soonMs);
  expect(await told()).toEqual(['console:a.example.com']);
});
