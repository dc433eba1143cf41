import { request } from 'node:http';
import type { Finding } from '@muster/core/control/findings';
import { startRedis } from '@muster/testing/redis-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountId, seedOrganization } from '../console/seeded-ledger.fixture.ts';
import { type RunningApp, startApp } from './running-app.fixture.ts';

const HOUR_MS = 3_600_000;

let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ host: '0.0.0.0', redis: await startRedis() });
  await seedOrganization(app.ledger, Date.now());
});
afterAll(() => app.stop());

/** As Prometheus in another container asks: under a name that the console does not know. */
function scrape(headers: Readonly<Record<string, string>>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const url = `${app.url.replace('0.0.0.0', '127.0.0.1')}/metrics`;
    const asked = request(url, { headers: { host: 'scheduler:8080', ...headers } }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    asked.once('error', reject).end();
  });
}

async function scraped(): Promise<string> {
  const token = await app.ledger.access.tokens.make({
    name: 'prometheus',
    role: 'viewer',
    scope: 'all',
    by: 'ann',
    lifeMs: HOUR_MS,
  });
  return (await scrape({ authorization: `Bearer ${token.secret}` })).body;
}

function raise(kind: Finding['kind'], scope: string): Promise<unknown> {
  return app.ledger.control.raise({ kind, scope, sinceMs: Date.now(), message: 'm', remedy: 'r' });
}

test('Prometheus in another container scrapes a console without users by an API token, and not without', async () => {
  expect(await scraped()).toContain('muster_ledger_up');
  expect((await scrape({})).status).toBe(421);
  expect((await scrape({ authorization: `Bearer muster_${'x'.repeat(43)}` })).status).toBe(401);
});

test('findings are counted by kind and severity, without those that are muted', async () => {
  await raise('brake-engaged', `account:${accountId(0)}`);
  await raise('brake-engaged', `account:${accountId(1)}`);
  await raise('brake-engaged', `account:${accountId(2)}`);
  await raise('a-kind-of-a-newer-release' as Finding['kind'], 'all');
  const nowMs = Date.now();
  const mute = { by: 'ann', reason: 'known', atMs: nowMs, untilMs: nowMs + HOUR_MS };
  await app.ledger.mutes.mute(`brake-engaged@account:${accountId(2)}`, mute);

  await expect.poll(scraped).toMatch(/^muster_findings\{kind="brake-engaged",severity="page".*\} 2$/m);

  const body = await scraped();
  expect(body).toMatch(/^muster_findings\{kind="two-live-commands",severity="page".*\} 0$/m);
  expect(body).toMatch(/^muster_findings\{kind="other",severity="warn".*\} 1$/m);
});

test('accounts, waits, the poll interval and Redis’s memory are told', async () => {
  await app.command('CONFIG', 'SET', 'maxmemory', '1gb');

  const body = await scraped();

  expect(body).toMatch(/^muster_accounts\{status="denied".*\} 1$/m);
  expect(body).toMatch(/^muster_accounts\{status="entered".*\} [1-9]\d*$/m);
  expect(body).toMatch(/^muster_waiting_instances\{reason="brake".*\} 0$/m);
  expect(body).toMatch(/^muster_poll_interval_seconds\{.*\} [1-9]\d*$/m);
  expect(body).toMatch(/^muster_redis_memory_bytes\{kind="used".*\} [1-9]\d{5,}$/m);
  expect(body).toMatch(/^muster_redis_memory_bytes\{kind="limit".*\} 1073741824$/m);
  // Of a sweep that began with this file: a fraction of a second on a quick machine.
  expect(body).toMatch(/^muster_sweep_age_seconds\{.*\} \d/m);
  // The console serves no TLS: absent, and not zero.
  expect(body).not.toMatch(/^muster_certificate_expires_timestamp_seconds\{/m);
});
