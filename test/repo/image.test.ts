/** The Dockerfile: what its own commands leave in the image, run here in a folder of our own. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const DOCKERFILE = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
const FOLDER = '/etc/ssl/certs';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-image-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The shell command of the product's stage that writes the bundle, for another folder. */
function bundleCommand(certificates: string): string {
  const [, product = ''] = DOCKERFILE.split(' AS product\n');
  const runs = product.replaceAll('\\\n', ' ').matchAll(/^RUN (.*)$/gm);
  const found = [...runs].map(([, command = '']) => command).filter((command) => command.includes(FOLDER));
  expect(found).toHaveLength(1);
  return (found[0] ?? '').replaceAll(FOLDER, certificates);
}

function writeBundle(certificates: string): string {
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
  execFileSync('sh', ['-euc', bundleCommand(certificates)], { env: { PATH } });
  return readFileSync(join(certificates, 'ca-certificates.crt'), 'utf8');
}

test('the image has a bundle of authorities for tctl, and keeps one that its base brings', () => {
  const bundle = writeBundle(join(folder, 'made'));
  const certificates = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
  const own = join(folder, 'own');
  mkdirSync(own);
  writeFileSync(join(own, 'ca-certificates.crt'), 'the authorities of the base');

  expect(certificates.length).toBeGreaterThan(100);
  for (const certificate of certificates) expect(new X509Certificate(certificate).ca).toBe(true);
  expect(writeBundle(own)).toBe('the authorities of the base');
});
