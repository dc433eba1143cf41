import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import type { TlsSettings } from '@muster/core/config/model';
import { Secret } from '@muster/core/config/secret';
import { startApp } from './running-app.fixture.ts';

test('the console speaks TLS, keeps browsers to it, and takes a renewed certificate up while it runs', async () => {
  const [first, renewed] = [certificateOf('first'), certificateOf('renewed')];
  const app = await startApp({ console: { tls: first } });

  expect(app.url).toMatch(/^https:/);
  const before = await ask(`${app.url}/healthz`);
  app.reconfigure({ tls: renewed });
  const after = await ask(`${app.url}/healthz`);

  expect([before.name, after.name]).toEqual(['first', 'renewed']);
  const endsAt = new X509Certificate(renewed.certificate).validToDate.getTime() / 1_000;
  expect((await ask(`${app.url}/metrics`)).body).toMatch(
    new RegExp(`^muster_certificate_expires_timestamp_seconds\\{certificate="console".*\\} ${endsAt}$`, 'm'),
  );
  expect(before.hsts).toBe('max-age=31536000');
  const link = await app.ledger.access.links.make({ name: 'ann', role: 'operator' });
  const { cookie } = await ask(`${app.url}/auth/link/${link}`, 'POST');
  expect(cookie).toMatch(/^__Host-muster_muster=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  await app.stop();
});

function ask(
  url: string,
  method = 'GET',
): Promise<{ name: string; hsts: string; cookie: string; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    name: string;
    hsts: string;
    cookie: string;
    body: string;
  }>();
  request(url, { method, rejectUnauthorized: false, agent: false }, (answer) => {
    const subject = (answer.socket as TLSSocket).getPeerCertificate().subject;
    let body = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    answer.once('end', () => {
      resolve({
        name: String(subject.CN),
        hsts: String(answer.headers['strict-transport-security']),
        cookie: answer.headers['set-cookie']?.[0] ?? '',
        body,
      });
    });
  })
    .once('error', reject)
    .end();
  return promise;
}

function certificateOf(name: string): TlsSettings {
  const folder = mkdtempSync(join(tmpdir(), 'muster-tls-'));
  try {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-batch', '-days', '2'];
    execFileSync(
      'openssl',
      ['req', '-x509', ...curve, '-subj', `/CN=${name}`, '-keyout', key, '-out', cert],
      {
        stdio: 'ignore',
      },
    );
    return { certificate: readFileSync(cert, 'utf8'), key: new Secret(readFileSync(key, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
