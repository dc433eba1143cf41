import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTeleportSim } from '@muster/teleport-sim/start';
import { isAtWork } from '@muster/testing/process-state';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { InventorySettings } from '../config/model.ts';
import { JobError } from '../runtime/errors.ts';
import { AccountId, InstanceId } from '../organization/ids.ts';
import type { NodeLabels } from '../inventory/node-labels.ts';
import type { TeleportNode } from '../inventory/teleport-port.ts';
import { createTeleportAdapter, serverInfoStream } from './adapter.ts';

const TCTL = fileURLToPath(new URL('../../../teleport-sim/bin/tctl', import.meta.url));
const signal = new AbortController().signal;

function inventory(command: string, change: { timeoutMs?: number } = {}): InventorySettings {
  return {
    kind: 'tctl',
    command,
    args: [],
    refreshMs: 60_000,
    freshnessMs: 600_000,
    timeoutMs: 60_000,
    maxDropShare: 0.3,
    lostAfterMs: 900_000,
    ...change,
  };
}

async function readAll(nodes: AsyncIterable<TeleportNode>): Promise<TeleportNode[]> {
  const all: TeleportNode[] = [];
  for await (const node of nodes) all.push(node);
  return all;
}

/** A program in the place of tctl that does what the shell text says. */
async function fakeTctl(script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-tctl-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'tctl');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the Teleport adapter on the simulator', () => {
  let sim: Awaited<ReturnType<typeof startTeleportSim>>;

  beforeEach(async () => {
    sim = await startTeleportSim({});
    process.env['TELEPORT_SIM_URL'] = sim.url;
  });
  afterEach(async () => {
    delete process.env['TELEPORT_SIM_URL'];
    await sim.close();
  });

  it('finds a join token by its name, with what it allows', async () => {
    const teleport = createTeleportAdapter({ proxyServer: null, inventory: inventory(TCTL) });
    const allow = [{ organizationId: 'o-aaaaaaaaaa' }, { accountId: '012345678901' }, { arn: '*' }];
    sim.setToken({ name: 'hosts', allow, expiresAtMs: Date.UTC(2100, 0) });

    expect(await teleport.findToken('hosts', signal)).toEqual({
      name: 'hosts',
      joinMethod: 'iam',
      roles: ['Node'],
      expiresAtMs: Date.UTC(2100, 0),
      allow: [
        { organizationId: 'o-aaaaaaaaaa', accountId: null },
        { organizationId: null, accountId: '012345678901' },
        { organizationId: null, accountId: null },
      ],
    });
    expect(await teleport.findToken('never-created', signal)).toBeNull();
  });

  it('tells a token that may not be read from one that is not there', async () => {
    const teleport = createTeleportAdapter({ proxyServer: null, inventory: inventory(TCTL) });
    sim.setFaults({ tokens: 'denied' });

    await expect(teleport.findToken('hosts', signal)).rejects.toMatchObject({ code: 'teleport.denied' });
  });

  it('finds a join token behind the progress of an update', async () => {
    const token = { metadata: { name: 'hosts' }, spec: { roles: ['Node'], join_method: 'iam' } };
    const tctl = await fakeTctl(
      `printf '[1/2] updating\\n\\rUpdate progress: [▒▒▒] (Ctrl-C to cancel update)\\n'; echo '${JSON.stringify([token], null, 4)}'`,
    );
    const teleport = createTeleportAdapter({ proxyServer: null, inventory: inventory(tctl) });

    expect(await teleport.findToken('hosts', signal)).toMatchObject({ name: 'hosts', joinMethod: 'iam' });
  });

  it.each([
    ['the backend', 'key "/tokens/hosts" is not found'],
    ['the service', 'provisioning token(*osts) not found'],
  ])('knows a token that is not there by the words of %s', async (_, words) => {
    const tctl = await fakeTctl(`echo 'ERROR: ${words}' >&2; exit 1`);
    const teleport = createTeleportAdapter({ proxyServer: null, inventory: inventory(tctl) });

    expect(await teleport.findToken('hosts', signal)).toBeNull();
  });

  it.each([
    [
      'an identity that is not there',
      `echo 'ERROR: identity file not found' >&2; exit 1`,
      'teleport.unavailable',
    ],
    [
      'an identity that is not there, after a line about a token',
      `echo 'WARN: the token cache is stale' >&2; echo 'ERROR: identity file not found' >&2; exit 1`,
      'teleport.unavailable',
    ],
    ['another resource', `echo '[{"kind":"role"}]'`, 'teleport.invalid'],
    ['no JSON', 'echo hello', 'teleport.invalid'],
  ])('does not take %s for a token, nor for a missing one', async (_, script, code) => {
    const teleport = createTeleportAdapter({
      proxyServer: null,
      inventory: inventory(await fakeTctl(script)),
    });

    await expect(teleport.findToken('hosts', signal)).rejects.toMatchObject({ code });
  });

  function adapter(): ReturnType<typeof createTeleportAdapter> {
    return createTeleportAdapter({ proxyServer: `127.0.0.1:${sim.port}`, inventory: inventory(TCTL) });
  }

  async function addNodes(count: number): Promise<void> {
    const nodes = Array.from({ length: count }, (_, index) => ({
      accountId: '111122223333',
      region: 'eu-west-1',
      instanceId: `i-${index.toString(16).padStart(17, '0')}`,
    }));
    const answer = await fetch(`${sim.url}/_sim/nodes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ nodes }),
    });
    expect(answer.ok).toBe(true);
  }

  it('describes the cluster', async () => {
    const facts = await adapter().describeCluster(signal);

    expect(facts.clusterName).not.toBe('');
    expect(facts.serverVersion).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('tells what the proxy says of managed updates: on, held, or none at all', async () => {
    const on = await startTeleportSim({ cluster: { automaticUpgrades: true } });
    const proxyServer = new URL(on.url).host;
    const updating = createTeleportAdapter({ proxyServer, inventory: { kind: 'none' } });

    expect((await updating.describeCluster(signal)).managedUpdates).toBe('on');
    await on.close();
    expect((await adapter().describeCluster(signal)).managedUpdates).toBe('held');
    sim.setFaults({ proxy: 'without-updates' });
    expect((await adapter().describeCluster(signal)).managedUpdates).toBe('off');
  });

  it('tells an unreachable, a failing and a foreign proxy apart', async () => {
    sim.setFaults({ proxy: 'error' });
    await expect(adapter().describeCluster(signal)).rejects.toMatchObject({ code: 'teleport.unavailable' });
    sim.setFaults({ proxy: 'down' });
    await expect(adapter().describeCluster(signal)).rejects.toMatchObject({ code: 'teleport.unavailable' });

    const html = await listen((_request, response) => response.end('<html>welcome</html>'));
    const foreign = createTeleportAdapter({ proxyServer: html, inventory: { kind: 'none' } });
    await expect(foreign.describeCluster(signal)).rejects.toMatchObject({ code: 'teleport.invalid' });
    const forbidding = await listen((_request, response) => response.writeHead(403).end());
    const denied = createTeleportAdapter({ proxyServer: forbidding, inventory: { kind: 'none' } });
    await expect(denied.describeCluster(signal)).rejects.toMatchObject({ code: 'teleport.denied' });
  });

  it('reads the whole inventory', async () => {
    await addNodes(2_500);

    const nodes = await readAll(adapter().listNodes(signal));

    expect(new Set(nodes.map((node) => node.instanceId)).size).toBe(2_500);
    expect(nodes[0]).toMatchObject({ accountId: '111122223333', nodeId: expect.any(String) });
  });

  it('reads an empty inventory as empty', async () => {
    expect(await readAll(adapter().listNodes(signal))).toEqual([]);
  });

  it.each([
    ['error', ['teleport.unavailable']],
    ['denied', ['teleport.denied']],
    ['truncated', ['teleport.invalid', 'teleport.unavailable']],
    ['cut', ['teleport.invalid', 'teleport.unavailable']],
  ] as const)('never takes an inventory with the fault %s for complete', async (fault, codes) => {
    await addNodes(300);
    sim.setFaults({ inventory: fault });

    const error: unknown = await readAll(adapter().listNodes(signal)).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(JobError);
    expect(codes).toContain((error as JobError).code);
  });
});

describe('putLabels', () => {
  let sim: Awaited<ReturnType<typeof startTeleportSim>>;
  beforeEach(async () => {
    sim = await startTeleportSim({});
    process.env['TELEPORT_SIM_URL'] = sim.url;
  });
  afterEach(async () => {
    delete process.env['TELEPORT_SIM_URL'];
    await sim.close();
  });

  const ACCOUNT = AccountId.parse('111122223333');
  const put = (count: number, labels: NodeLabels): Promise<void> =>
    createTeleportAdapter({ proxyServer: null, inventory: inventory(TCTL) }).putLabels(
      Array.from({ length: count }, (_, n) => ({
        accountId: ACCOUNT,
        instanceId: InstanceId.parse(`i-${n.toString(16).padStart(17, '0')}`),
        labels,
        untilMs: Date.now() + 60_000,
      })),
      signal,
    );
  async function serverInfos(): Promise<{ metadata: { name: string }; spec: object }[]> {
    const answer = await fetch(`${sim.url}/_sim/tctl/get/server_info`);
    return (await answer.json()) as { metadata: { name: string }; spec: object }[];
  }

  it('writes resources by one run of tctl, and writes them again', async () => {
    await put(250, { 'aws/Name': 'web' });
    await put(1, { 'aws/Name': 'db' });

    const infos = await serverInfos();
    expect(infos).toHaveLength(250);
    expect(infos[0]).toMatchObject({
      metadata: { name: 'aws-111122223333-i-00000000000000000' },
      spec: { new_labels: { 'aws/Name': 'db' } },
    });
  });

  it('carries any text as it is, in ASCII', async () => {
    const value = `"\\ ' $(id) \`id\` {{ }} --- \u2028 \u0085 \ufeff 漢 🚀 # : |`;
    await put(1, { 'aws/a': value });

    expect((await serverInfos())[0]?.spec).toEqual({ new_labels: { 'aws/a': value } });
    const [, ...others] = serverInfoStream([
      {
        accountId: ACCOUNT,
        instanceId: InstanceId.parse('i-00000000000000000'),
        labels: { 'aws/a': value },
        untilMs: 0,
      },
    ]).split('\n');
    expect(others).toEqual(['']);
  });

  it('tells a missing permission from an outage', async () => {
    sim.setFaults({ resources: 'denied' });
    await expect(put(1, {})).rejects.toMatchObject({ code: 'teleport.denied' });
    sim.setFaults({ resources: 'error' });
    await expect(put(1, {})).rejects.toMatchObject({ code: 'teleport.unavailable' });
  });

  it('is ended when the signal aborts', async () => {
    const abort = new AbortController();
    const tctl = await fakeTctl('exec sleep 60');
    const writing = createTeleportAdapter({ proxyServer: null, inventory: inventory(tctl) }).putLabels(
      [],
      abort.signal,
    );
    const reason = new Error('shutting down');
    abort.abort(reason);
    await expect(writing).rejects.toBe(reason);
  });

  it('does not mind a program that reads nothing', async () => {
    const write = async (script: string): Promise<void> =>
      createTeleportAdapter({
        proxyServer: null,
        inventory: inventory(await fakeTctl(script)),
      }).putLabels(
        Array.from({ length: 2_000 }, () => ({
          accountId: ACCOUNT,
          instanceId: InstanceId.parse('i-00000000000000000'),
          labels: { 'aws/a': 'x'.repeat(200) },
          untilMs: 0,
        })),
        signal,
      );
    await expect(write('exit 0')).resolves.toBeUndefined();
    await expect(write('echo full >&2; exit 2')).rejects.toMatchObject({
      message: 'tctl ended with 2: full',
    });
  });
});

describe('tctl that misbehaves', () => {
  const list = async (command: string, stop = signal, timeoutMs = 60_000): Promise<TeleportNode[]> =>
    readAll(
      createTeleportAdapter({ proxyServer: null, inventory: inventory(command, { timeoutMs }) }).listNodes(
        stop,
      ),
    );

  async function untilGone(pid: number): Promise<void> {
    await vi.waitFor(() => {
      expect(isAtWork(pid)).toBe(false);
    });
  }

  it('is unavailable when it cannot be started', async () => {
    await expect(list('/nonexistent/tctl')).rejects.toMatchObject({
      code: 'teleport.unavailable',
      message: expect.stringMatching(/^tctl could not be started: .*[/]nonexistent[/]tctl: not found$/),
    });
  });

  it('is unavailable when it fails after a complete list', async () => {
    const tctl = await fakeTctl("echo '[]'; echo broken >&2; exit 3");
    await expect(list(tctl)).rejects.toMatchObject({
      code: 'teleport.unavailable',
      message: 'tctl ended with 3: broken',
    });
  });

  it('is unavailable when something kills it', async () => {
    await expect(list(await fakeTctl("echo '[]'; kill -9 $$"))).rejects.toMatchObject({
      code: 'teleport.unavailable',
      message: expect.stringContaining('SIGKILL'),
    });
  });

  it('is invalid when it ends well and says nothing', async () => {
    await expect(list(await fakeTctl('exit 0'))).rejects.toMatchObject({ code: 'teleport.invalid' });
  });

  it('is denied when its identity has expired', async () => {
    const tctl = await fakeTctl(
      'echo "ERROR: tls: x509: certificate has expired or is not yet valid" >&2; exit 1',
    );
    await expect(list(tctl)).rejects.toMatchObject({ code: 'teleport.denied' });
  });

  it('is stopped when its time is over, with everything that it started', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'muster-tctl-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const tctl = await fakeTctl(`sleep 600 & echo $! > ${folder}/child; echo $$ > ${folder}/self; sleep 600`);

    await expect(list(tctl, signal, 1_000)).rejects.toMatchObject({
      code: 'teleport.unavailable',
      message: 'tctl did not end within 1 s and was stopped; it had printed nothing',
    });

    for (const name of ['self', 'child']) await untilGone(Number(await readFile(join(folder, name), 'utf8')));
  });

  it.each([
    ['nodes', `echo '['; while :; do echo '{"kind":"node","metadata":{"name":"n"}},'; done`],
    ['one node', `echo '[{"a":"'; while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done`],
    ['blanks', `while :; do echo; done`],
  ])('is stopped when it prints %s without end', async (_, script) => {
    await expect(list(await fakeTctl(script), signal, 1_000)).rejects.toMatchObject({
      code: expect.stringMatching(/^teleport[.](unavailable|invalid)$/),
    });
  });

  it('is not believed when it closes its output and does not end', async () => {
    const tctl = await fakeTctl(`echo '[]'; exec >&- 2>&-; sleep 600`);

    await expect(list(tctl)).rejects.toMatchObject({
      code: 'teleport.unavailable',
      message: 'tctl closed its output and had not ended 5 s later and was stopped; it had printed 3 bytes',
    });
  });

  it('does not wait for what a tctl that has ended left behind', async () => {
    const tctl = await fakeTctl(`sleep 600 & echo '[]'`);

    await expect(list(tctl)).resolves.toEqual([]);
  });

  it('reads the inventory behind the progress of an update', async () => {
    const tctl = await fakeTctl(
      `printf 'Client tools are out of date, updating to v18.7.0.\\n\\rUpdate progress: [▒▒▒] (Ctrl-C to cancel update)\\n[]\\n'`,
    );

    await expect(list(tctl)).resolves.toEqual([]);
  });

  it('is quoted when it prints something else than an inventory', async () => {
    await expect(list(await fakeTctl('echo Please log in'))).rejects.toMatchObject({
      code: 'teleport.invalid',
      message: 'the node inventory cannot be read: tctl printed no JSON array, but: "Please log in"',
    });
  });

  it('sees none of our secrets, and is told not to update itself', async () => {
    const secrets = {
      AWS_SECRET_ACCESS_KEY: 'aws-secret',
      REDIS_URL: 'redis://:secret@redis',
      MUSTER_X: 'secret',
    };
    const before = { ...process.env };
    Object.assign(process.env, secrets);
    onTestFinished(() => {
      for (const name of Object.keys(secrets)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    });

    const error: unknown = await list(await fakeTctl('env >&2; exit 1')).catch((thrown: unknown) => thrown);

    expect((error as JobError).message).toContain('TELEPORT_TOOLS_VERSION=off');
    expect((error as JobError).message).toContain('PATH=');
    expect((error as JobError).message).not.toMatch(/secret|AWS_|REDIS_|MUSTER_/i);
  });

  it('gets its arguments as they are, without a shell', async () => {
    const tctl = await fakeTctl('printf "%s|" "$@" >&2; exit 9');
    const nodes = createTeleportAdapter({
      proxyServer: null,
      inventory: {
        ...inventory(tctl),
        kind: 'tctl',
        args: ['--identity=/a b', '$(id)'],
      } as InventorySettings,
    }).listNodes(signal);
    await expect(readAll(nodes)).rejects.toMatchObject({
      message: 'tctl ended with 9: --identity=/a b|$(id)|get|nodes|--format=json|',
    });
  });

  it('is ended when the signal aborts, with the reason of the signal', async () => {
    const abort = new AbortController();
    const tctl = await fakeTctl("echo '['; exec sleep 60");
    const reading = list(tctl, abort.signal);
    const reason = new Error('shutting down');
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it('is ended when the reader stops early', async () => {
    const element = JSON.stringify({
      metadata: {
        name: 'n',
        labels: {
          'teleport.dev/account-id': '111122223333',
          'teleport.dev/instance-id': 'i-0123456789abcdef0',
        },
      },
    });
    const tctl = await fakeTctl(`echo '[${element},'; exec sleep 60`);
    for await (const node of createTeleportAdapter({
      proxyServer: null,
      inventory: inventory(tctl),
    }).listNodes(signal)) {
      expect(node.nodeId).toBe('n');
      break;
    }
  });
});
