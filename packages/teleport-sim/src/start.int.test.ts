import { afterEach, describe, expect, it } from 'vitest';
import { startTeleportSim, type TeleportSim, type TeleportSimOptions } from './start.ts';

const open: TeleportSim[] = [];

async function start(options: TeleportSimOptions = {}): Promise<TeleportSim> {
  const sim = await startTeleportSim({ visibilityDelayMs: { min: 0, max: 0 }, ...options });
  open.push(sim);
  return sim;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((sim) => sim.close()));
});

const host = {
  token: 'aws-discovery-iam-token',
  accountId: '111122223333',
  region: 'eu-west-1',
  instanceId: 'i-0123456789abcdef0',
  organizationId: 'o-abcdefghij',
  hostname: 'web-1',
  labels: { 'teleport.dev/account-id': '111122223333', 'teleport.dev/instance-id': 'i-0123456789abcdef0' },
};

function post(sim: TeleportSim, path: string, body: unknown): Promise<Response> {
  return fetch(`${sim.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
}

async function json(response: Promise<Response>): Promise<{ status: number; body: unknown }> {
  const answered = await response;
  return { status: answered.status, body: await answered.json() };
}

describe('the proxy', () => {
  it.each(['/webapi/find', '/v1/webapi/find'])(
    'describes the cluster to every caller at %s',
    async (path) => {
      const sim = await start({
        cluster: { publicAddr: 'teleport.example.com:443', clusterName: 'example' },
      });

      const { body } = await json(fetch(`${sim.url}${path}`));

      expect(body).toMatchObject({
        server_version: '18.5.1',
        cluster_name: 'example',
        edition: 'ent',
        fips: false,
        proxy: { tls_routing_enabled: true, ssh: { public_addr: 'teleport.example.com:443' } },
      });
      expect(body).not.toHaveProperty('auth');
    },
  );

  it('adds the authentication settings at /webapi/ping', async () => {
    const sim = await start();

    const { body } = await json(fetch(`${sim.url}/webapi/ping`));

    expect(body).toMatchObject({ auth: { type: 'local' } });
  });

  it('drops connections and fails joins while it is down, and recovers', async () => {
    const sim = await start({ faults: { proxy: 'down' } });

    await expect(fetch(`${sim.url}/webapi/find`)).rejects.toThrow('fetch failed');
    await expect(post(sim, '/_sim/join', host)).rejects.toThrow('fetch failed');
    sim.setFaults({ proxy: 'ok' });

    expect((await fetch(`${sim.url}/webapi/find`)).status).toBe(200);
  });
});

describe('the installer endpoint', () => {
  it('serves the default script under both paths, and custom ones by name', async () => {
    const sim = await start({ installers: { mine: '# sim-exit: 7\necho {{.PublicProxyAddr}}\n' } });

    const [plain, versioned, mine] = await Promise.all(
      [
        '/webapi/scripts/installer/default-installer',
        '/v1/webapi/scripts/installer/default-installer',
        '/webapi/scripts/installer/mine',
      ].map((path) => fetch(`${sim.url}${path}`)),
    );

    expect(await plain?.text()).toBe(await versioned?.text());
    expect(mine?.headers.get('x-sim-exit-code')).toBe('7');
    expect(await mine?.text()).toContain(`echo 127.0.0.1:${sim.port}`);
  });

  it("answers an unknown name with 404 and an error in the proxy's form", async () => {
    const sim = await start();

    const answer = await json(fetch(`${sim.url}/webapi/scripts/installer/nope`));

    expect(answer).toMatchObject({ status: 404, body: { error: { message: 'installer "nope" not found' } } });
  });

  it.each([
    ['error', 500, null],
    ['not-found', 404, null],
    ['rate-limited', 429, null],
    ['broken', 200, '2'],
    ['failing', 200, '1'],
    ['html', 200, '2'],
    ['slow', 200, '0'],
  ] as const)('can be %s', async (installer, status, exitCode) => {
    const sim = await start({ faults: { installer, slowMs: 1 } });

    const response = await fetch(`${sim.url}/webapi/scripts/installer/default-installer`);

    expect([response.status, response.headers.get('x-sim-exit-code')]).toEqual([status, exitCode]);
  });
});

describe('a host', () => {
  it('joins with the default token and appears with its labels', async () => {
    const sim = await start({ organizationId: 'o-abcdefghij' });

    const joined = await json(post(sim, '/_sim/join', host));

    const listed = await json(fetch(`${sim.url}/_sim/nodes`));
    expect(joined).toMatchObject({ status: 200, body: { nodeId: expect.any(String) } });
    expect(listed.body).toMatchObject({
      visible: 1,
      nodes: [{ instanceId: host.instanceId, region: 'eu-west-1', visible: true, online: true, joins: 1 }],
    });
  });

  it.each([
    ['an unknown token', { token: 'other' }, 'token expired or not found'],
    ['another organization', { organizationId: 'o-other' }, 'instance did not match any allow rules'],
  ])('is refused with %s', async (_, change, error) => {
    const sim = await start({ organizationId: 'o-abcdefghij' });

    const answer = await json(post(sim, '/_sim/join', { ...host, ...change }));

    expect(answer).toEqual({ status: 403, body: { error } });
    expect(sim.visibleNodes()).toBe(0);
  });

  it('is told what is wrong with a malformed join', async () => {
    const sim = await start();

    const answers = await Promise.all(
      [{ accountId: '1' }, { token: '' }, { labels: { 'teleport.dev/instance-id': 'i-other' } }].map(
        (change) => json(post(sim, '/_sim/join', { ...host, ...change })),
      ),
    );

    expect(answers).toEqual([
      { status: 400, body: { error: 'accountId must be 12 digits' } },
      { status: 400, body: { error: 'token is missing' } },
      { status: 400, body: { error: 'the labels name another host' } },
    ]);
  });

  it('leaves the inventory after its time-to-live, and comes back with the same id', async () => {
    const sim = await start({ nodeTtlMs: 0 });
    const joined = await json(post(sim, '/_sim/join', host));
    const path = `/_sim/nodes/${host.accountId}/${host.instanceId}`;

    const gone = await json(fetch(`${sim.url}${path}`, { method: 'DELETE' }));
    const hidden = sim.visibleNodes();
    const back = await json(post(sim, path, {}));

    expect([gone.body, hidden]).toMatchObject([{ online: false, visible: false }, 0]);
    expect(back.body).toMatchObject({ visible: true, nodeId: (joined.body as { nodeId: string }).nodeId });
  });

  it('can have joined before the story begins', async () => {
    const sim = await start({ visibilityDelayMs: { min: 60_000, max: 60_000 } });
    const { token: _, ...node } = host;

    await post(sim, '/_sim/nodes', { nodes: [node] });

    expect(sim.visibleNodes()).toBe(1);
  });

  it('is refused once its token was removed, and joins with one that was added', async () => {
    const sim = await start();

    await fetch(`${sim.url}/_sim/tokens/aws-discovery-iam-token`, { method: 'DELETE' });
    const refused = await post(sim, '/_sim/join', host);
    await post(sim, '/_sim/tokens', { name: 'new', allow: [{ accountId: host.accountId }] });
    const joined = await post(sim, '/_sim/join', { ...host, token: 'new' });

    expect([refused.status, joined.status]).toEqual([403, 200]);
  });
});

describe('the levers', () => {
  it('refuse an unknown fault with the valid ones and change nothing', async () => {
    const sim = await start();

    const answer = await json(post(sim, '/_sim/faults', { inventory: 'quarter' }));

    expect(answer.status).toBe(400);
    expect((await json(fetch(`${sim.url}/_sim/faults`))).body).toMatchObject({ inventory: 'ok' });
  });

  it('report health while the proxy is down', async () => {
    const sim = await start({ faults: { proxy: 'down' } });

    const { body } = await json(fetch(`${sim.url}/_sim/health`));

    expect(body).toMatchObject({ ok: true, nodes: { visible: 0 }, faults: { proxy: 'down' } });
  });

  it('refuse to start with a fault that cannot be', async () => {
    await expect(startTeleportSim({ faults: { join: 'maybe' as 'ok' } })).rejects.toThrow(RangeError);
  });
});
