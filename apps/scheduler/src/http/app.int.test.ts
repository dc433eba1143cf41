import { type IncomingHttpHeaders, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LEDGER_SCHEMA } from '@muster/core/control/installation';
import { catalog } from '@muster/core/jobs/catalog';
import { startRedis } from '@muster/testing/redis-server';
import { accountId, SEEDED, seedOrganization } from '../console/seeded-ledger.fixture.ts';
import type { Overview } from '@muster/api/overview';
import { type RunningApp, startApp } from './running-app.fixture.ts';

/** A request with full control of its headers, Host included, which fetch does not give. */
function ask(
  url: string,
  options: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { method: options.method ?? 'GET', headers: { ...options.headers } },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        answer.once('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body });
        });
      },
    );
    asked.once('error', reject).end();
  });
}

function basic(pair: string): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

async function json<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

describe('on loopback, with a seeded ledger', () => {
  const nowMs = Date.now();
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp({ secrets: ['join-token-of-the-cluster'] });
    await seedOrganization(app.ledger, nowMs);
    await app.modelHas(SEEDED.instances);
    await app.jobQueue.enqueue(catalog['scan-target'], {
      target: { accountId: accountId(0), region: 'eu-west-1' as never },
    });
  });
  afterAll(() => app.stop());

  test('a query of 15,000 letters is refused at once, and the answer does not repeat it', async () => {
    const letters = 'a'.repeat(15_000);
    await ask(`${app.url}/api/v1/instances?a=1`);
    const startedAt = performance.now();

    const answer = await ask(`${app.url}/api/v1/instances?${letters}=1`);

    // To compare so many letters with the words that are known would take seconds.
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('There is no parameter');
    expect(answer.body.length).toBeLessThan(1_000);
  });

  test.each(['/api/v1/overview', '/api/v1/instances?limit=1', '/queues/api/queues', '/metrics', '/theme.js'])(
    'another site’s page gets nothing of %s, our own page and programs do',
    async (path) => {
      const url = app.url + path;
      const asked = (site: string) =>
        ask(url, { headers: { 'sec-fetch-site': site, 'sec-fetch-mode': 'cors' } });

      expect((await asked('cross-site')).status).toBe(403);
      expect((await asked('same-site')).status).toBe(403);
      expect((await asked('same-origin')).status).toBe(200);
      expect((await ask(url)).status).toBe(200);
    },
  );

  test('a link on another site leads to the page', async () => {
    const headers = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };

    expect((await ask(`${app.url}/`, { headers })).status).toBe(200);
    expect((await ask(`${app.url}/api/v1/overview`, { headers })).status).toBe(403);
  });

  test('the metrics tell the ledger and the queues, without a label per target', async () => {
    await app.ledger.due.schedule('scan', ['a'], -90_500);

    const { body } = await ask(`${app.url}/metrics`);

    expect(body).toMatch(/^muster_ledger_up\{.*\} 1$/m);
    expect(body).toMatch(/^muster_targets\{status="denied".*\} 2$/m);
    expect(body).toMatch(/^muster_instances\{state="joined".*\} 331$/m);
    expect(body).toMatch(/^muster_instance_causes\{cause="ec2-join-failure".*\} 4$/m);
    expect(body).toMatch(/^muster_sweep\{verdict="running".*\} 1$/m);
    expect(body).toMatch(/^muster_commands\{state="live".*\} 3$/m);
    expect(body).toMatch(/^muster_due_members\{kind="scan".*\} 1$/m);
    expect(body).toMatch(/^muster_due_lag_seconds\{kind="scan".*\} 9[0-9]$/m);
    expect(body).toMatch(/^muster_queue_jobs\{queue="discovery",state="waiting".*\} 1$/m);
    expect(body).toMatch(/^process_cpu_seconds_total/m);
    expect(body).not.toContain(accountId(4));
  });

  test('Bull Board shows the queues and the ids of their jobs', async () => {
    const { body } = await ask(`${app.url}/queues/api/queues?activeQueue=discovery&status=latest&page=1`);
    const { queues } = JSON.parse(body) as {
      queues: { name: string; readOnlyMode: boolean; jobs: { name: string; data: unknown }[] }[];
    };

    expect(queues.map(({ name }) => name)).toEqual(['discovery', 'enrollment', 'inventory', 'notifications']);
    expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
    const job = queues.find(({ name }) => name === 'discovery')?.jobs[0];
    expect(job?.name).toBe(`scan-target ${accountId(0)} eu-west-1`);
    expect(job?.data).toEqual({
      v: LEDGER_SCHEMA,
      version: 1,
      payload: { target: { accountId: accountId(0), region: 'eu-west-1' } },
    });
  });

  test.each([
    ['PUT', '/queues/api/queues/pause'],
    ['PUT', '/queues/api/queues/discovery/empty'],
    ['POST', '/queues/api/queues/discovery/add'],
    ['PATCH', '/queues/api/queues/discovery/1/update-data'],
    ['DELETE', '/api/v1/overview'],
    ['POST', '/'],
  ])('%s %s is for operators, and this machine alone is none', async (method, path) => {
    const answer = await ask(app.url + path, { method });

    expect(answer.status).toBe(401);
    expect(answer.body).toContain('muster console login');
  });

  test.each(['OPTIONS', 'TRACE', 'PROPFIND'])('%s is refused', async (method) => {
    expect((await ask(`${app.url}/api/v1/overview`, { method })).status).toBe(405);
  });

  test.each([
    'evil.example.com',
    'evil.example.com:8080',
    'localhost.evil.example.com',
    '10.0.0.1',
    'localhost@evil',
  ])('a page whose name %s was rebound to this machine reads nothing', async (host) => {
    for (const path of ['/', '/api/v1/overview', '/queues/', '/metrics', '/healthz']) {
      const { status, headers } = await ask(app.url + path, { headers: { host } });
      expect(status).toBe(421);
      // A program is told why in the form in which it is told every other problem.
      const isData = path.startsWith('/api') || path === '/metrics';
      expect(headers['content-type']).toContain(isData ? 'application/problem+json' : 'text/plain');
    }
  });

  test.each(['localhost', 'localhost:9999', '127.0.0.1:1', '[::1]:8080', 'LOCALHOST'])(
    'this machine may call it %s',
    async (host) => {
      expect((await ask(`${app.url}/api/v1/overview`, { headers: { host } })).status).toBe(200);
    },
  );

  test('the policy in the headers lets nothing in or out, and the board alone may set styles', async () => {
    const [page, board] = await Promise.all([fetch(app.url), fetch(`${app.url}/queues/`)]);

    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(board.headers.get('content-security-policy')).toContain("style-src 'self' 'unsafe-inline'");
    expect(board.headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(await board.text()).not.toMatch(/https?:\/\//);
    expect(page.headers.get('x-powered-by')).toBeNull();
  });

  test.each(['/serve-console.ts', '/..%2fserve-console.ts', '/..%2f..%2f..%2fpackage.json', '/%E0%A4%A'])(
    '%s is not there',
    async (path) => {
      expect((await ask(app.url + path)).status).toBe(404);
    },
  );

  test('a broken address is the fault of its sender', async () => {
    expect((await ask(`${app.url}/queues/api/queues/%E0%A4%A/workers`)).status).toBe(400);
  });
});

describe('with a password', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp({ password: 'pass:with:colons é', host: '0.0.0.0' });
  });
  afterAll(() => app.stop());

  test.each(['/', '/theme.js'])(
    '%s is there without it: it tells nothing, and asks for it itself',
    async (path) => {
      expect((await fetch(app.url + path)).status).toBe(200);
    },
  );

  test.each(['/api/v1/overview', '/api/v1/instances', '/queues/', '/queues/api/queues', '/metrics'])(
    '%s asks for it',
    async (path) => {
      const answer = await fetch(app.url + path);

      expect(answer.status).toBe(401);
      // A browser asks its visitor for a password where it is told Basic: the page has a form of its own for that.
      const scheme = path.startsWith('/api/') ? 'Bearer' : 'Basic';
      expect(answer.headers.get('www-authenticate')).toContain(`${scheme} realm="Muster"`);
    },
  );

  test('the health checks do not', async () => {
    expect((await ask(`${app.url}/healthz`)).status).toBe(200);
    expect((await ask(`${app.url}/readyz`)).status).toBe(200);
  });

  test('any user name will do', async () => {
    for (const pair of ['muster:pass:with:colons é', ':pass:with:colons é']) {
      expect((await ask(`${app.url}/api/v1/overview`, { headers: basic(pair) })).status).toBe(200);
    }
  });

  test.each(['muster:', 'muster:pass', 'muster:pass:with:colons é ', 'no colon'])(
    '"%s" is refused',
    async (pair) => {
      expect((await ask(`${app.url}/api/v1/overview`, { headers: basic(pair) })).status).toBe(401);
    },
  );

  test('who tries passwords is stopped after ten, with the time to wait', async () => {
    const tried = await startApp({ password: 'right', host: '0.0.0.0' });
    const url = `${tried.url.replace('0.0.0.0', '127.0.0.1')}/api/v1/overview`;
    const statuses: number[] = [];
    for (let time = 0; time < 15; time += 1) {
      statuses.push((await ask(url, { headers: basic(`m:${time}`) })).status);
    }

    const late = await fetch(url, { headers: basic('m:right') });

    expect(statuses).toEqual([
      ...Array.from({ length: 10 }, () => 401),
      ...Array.from({ length: 5 }, () => 429),
    ]);
    expect(late.status).toBe(429);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    await tried.stop();
  });

  test('off loopback the name by which it is called does not matter: the password does', async () => {
    const headers = { ...basic('m:pass:with:colons é'), host: 'muster.example.com' };

    expect((await ask(`${app.url}/api/v1/overview`, { headers })).status).toBe(200);
  });
});

describe('when Redis is not as it should be', () => {
  test('a Redis that may evict makes it unready, with the command that mends it', async () => {
    const app = await startApp({ redis: await startRedis() });
    await app.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');

    const { status, body } = await ask(`${app.url}/readyz`);

    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({
      status: 'unavailable',
      reason: expect.stringContaining('CONFIG SET maxmemory-policy noeviction') as string,
    });
    await app.stop();
  });

  test('a Redis that hangs makes it unready within about a second', async () => {
    const redis = await startRedis();
    const app = await startApp({ redis });
    process.kill(redis.pid, 'SIGSTOP');
    const startedAtMs = performance.now();

    const { status, body } = await ask(`${app.url}/readyz`);

    expect(status).toBe(503);
    expect(body).toContain('did not answer within 1000 ms');
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    process.kill(redis.pid, 'SIGCONT');
    await app.stop();
  });

  test('without Redis the last figures are kept with their age, and nothing turns into zero', async () => {
    const app = await startApp();
    await seedOrganization(app.ledger, Date.now());
    await app.modelHas(SEEDED.instances);
    const read = () => json<Overview>(`${app.url}/api/v1/overview`);
    const before = await read();
    await app.redis.stop();

    await expect.poll(async () => (await read()).stale, { timeout: 10_000, interval: 100 }).toBe(true);

    const view = await read();
    expect(view.asOf).toBe(before.asOf);
    expect(view.ageMs).toBeGreaterThan(0);
    expect(view.instances).toEqual(before.instances);
    expect((await ask(`${app.url}/healthz`)).status).toBe(200);
    expect((await ask(`${app.url}/readyz`)).status).toBe(503);
    // The read model answers on; what only the ledger knows cannot be told.
    const { total } = await json<{ total: number }>(`${app.url}/api/v1/instances`);
    expect(total).toBe(SEEDED.instances);
    for (const path of ['instances/i-00000000000000001', 'accounts', 'processes', 'redis']) {
      const { status, body } = await ask(`${app.url}/api/v1/${path}`);
      expect([path, status]).toEqual([path, 503]);
      expect(JSON.parse(body)).toMatchObject({ type: '/problems/unavailable' });
    }
    const metrics = await ask(`${app.url}/metrics`);
    expect(metrics.status).toBe(200);
    expect(metrics.body).toMatch(/^muster_ledger_up\{.*\} 0$/m);
    expect(metrics.body).not.toMatch(/^muster_(targets|instances|commands|due_members|queue_jobs)\{/m);
    await app.stop();
  });
});

describe('in a container, whose port is published on loopback', () => {
  test('a rebound name reads nothing, health checks and this machine are answered', async () => {
    const app = await startApp({ host: '0.0.0.0' });
    const url = app.url.replace('0.0.0.0', '127.0.0.1');
    try {
      for (const path of ['/', '/api/v1/overview', '/queues/', '/metrics']) {
        expect((await ask(url + path, { headers: { host: 'evil.example.com' } })).status).toBe(421);
      }
      expect((await ask(`${url}/healthz`, { headers: { host: 'scheduler:8080' } })).status).toBe(200);
      expect((await ask(`${url}/api/v1/overview`, { headers: { host: 'localhost:8080' } })).status).toBe(200);
    } finally {
      await app.stop();
    }
  });
});

test.each([
  ['/metrics', 60],
  ['/queues/api/no-such-thing', 600],
])('%s answers %d times in ten seconds, and then says when to ask again', async (path, most) => {
  const own = await startApp();
  const answers = await Promise.all(Array.from({ length: most + 20 }, () => fetch(own.url + path)));
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));

  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(20);
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
  await own.stop();
});
