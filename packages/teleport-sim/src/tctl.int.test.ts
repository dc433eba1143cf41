import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTeleportSim, type TeleportSim } from './start.ts';

const TCTL = fileURLToPath(new URL('../bin/tctl', import.meta.url));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function tctl(
  url: string,
  args: readonly string[],
  stdin = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [TCTL, ...args], {
      env: { ...process.env, TELEPORT_SIM_URL: url, ...env },
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, ...output });
    });
    child.stdin.on('error', () => undefined).end(stdin);
  });
}

function hosts(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    accountId: '111122223333',
    region: 'eu-west-1',
    instanceId: `i-${index.toString(16).padStart(17, '0')}`,
  }));
}

async function addNodes(sim: TeleportSim, count: number): Promise<void> {
  const body = JSON.stringify({ nodes: hosts(count) });
  const response = await fetch(`${sim.url}/_sim/nodes`, { method: 'POST', body });
  expect(response.status).toBe(200);
}

let sim: TeleportSim;
let folder: string;

beforeEach(async () => {
  sim = await startTeleportSim({ cluster: { clusterName: 'example' } });
  folder = await mkdtemp(join(tmpdir(), 'muster-tctl-'));
});

afterEach(async () => {
  await sim.close();
  await rm(folder, { recursive: true });
});

describe('tctl get nodes', () => {
  it('prints an array of node resources with the two labels', async () => {
    await addNodes(sim, 2);

    const run = await tctl(sim.url, ['get', 'nodes', '--format=json']);

    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject([
      {
        kind: 'node',
        version: 'v2',
        metadata: {
          labels: {
            'teleport.dev/account-id': '111122223333',
            'teleport.dev/instance-id': 'i-00000000000000000',
          },
        },
        spec: { cloud_metadata: { aws: { account_id: '111122223333' } } },
      },
      { kind: 'node' },
    ]);
  });

  it('prints an empty array for an empty cluster', async () => {
    expect(await tctl(sim.url, ['get', 'nodes', '--format', 'json'])).toEqual({
      code: 0,
      stdout: '[]\n',
      stderr: '',
    });
  });

  it('prints the same through nodes ls', async () => {
    await addNodes(sim, 1);

    const run = await tctl(sim.url, ['nodes', 'ls', '--format=json']);

    expect(JSON.parse(run.stdout)).toHaveLength(1);
  });

  it('prints thousands of nodes completely', async () => {
    await addNodes(sim, 5_000);

    const run = await tctl(sim.url, ['get', 'nodes', '--format=json']);

    expect(JSON.parse(run.stdout)).toHaveLength(5_000);
  });

  it('shows about half of the nodes, as a success, when the inventory is half there', async () => {
    await addNodes(sim, 400);
    sim.setFaults({ inventory: 'half' });

    const run = await tctl(sim.url, ['get', 'nodes', '--format=json']);

    const shown = (JSON.parse(run.stdout) as unknown[]).length;
    expect(run.code).toBe(0);
    expect(shown).toBeGreaterThan(150);
    expect(shown).toBeLessThan(250);
  });

  it('ends in the middle of the JSON, as a success, when it is truncated', async () => {
    await addNodes(sim, 3);
    sim.setFaults({ inventory: 'truncated' });

    const run = await tctl(sim.url, ['get', 'nodes', '--format=json']);

    expect(run.code).toBe(0);
    expect(() => JSON.parse(run.stdout) as unknown).toThrow(SyntaxError);
  });

  it('prints the progress of its update before the JSON, unless it is told not to update', async () => {
    await addNodes(sim, 1);
    sim.setFaults({ inventory: 'outdated' });

    const updating = await tctl(sim.url, ['get', 'nodes', '--format=json']);
    const told = await tctl(sim.url, ['get', 'nodes', '--format=json'], '', {
      TELEPORT_TOOLS_VERSION: 'off',
    });

    expect(updating.stdout).toMatch(
      /^Client tools are out of date[^\n]*\n\rUpdate progress: \[ {10}\][^\n]*\n\[\n/,
    );
    expect(JSON.parse(told.stdout)).toHaveLength(1);
  });

  it('shows nodes of all kinds as they were put in', async () => {
    const host = { accountId: '111122223333', instanceId: 'i-0123456789abcdef0' };
    const labels = { 'teleport.dev/account-id': host.accountId, 'teleport.dev/instance-id': 'i-0feed' };
    const answer = await fetch(`${sim.url}/_sim/nodes`, {
      method: 'POST',
      body: JSON.stringify({
        nodes: [
          { ...host, identityLabels: {}, dynamicLabels: labels, cloudMetadata: null, subKind: 'openssh' },
        ],
      }),
    });
    expect(answer.status).toBe(200);

    const { stdout } = await tctl(sim.url, ['get', 'nodes', '--format=json']);

    expect(JSON.parse(stdout)).toMatchObject([
      {
        kind: 'node',
        sub_kind: 'openssh',
        metadata: { labels: {} },
        spec: { cmd_labels: { 'teleport.dev/instance-id': { result: 'i-0feed' } } },
      },
    ]);
    expect(stdout).not.toContain('cloud_metadata');
  });

  it('fails when the connection is cut half way', async () => {
    await addNodes(sim, 3);
    sim.setFaults({ inventory: 'cut' });

    const run = await tctl(sim.url, ['get', 'nodes', '--format=json']);

    expect(run).toMatchObject({ code: 1, stderr: expect.stringMatching(/^ERROR: rpc error/) });
  });

  it.each([
    ['error', 'ERROR: rpc error: code = Unavailable desc = connection error\n'],
    ['denied', 'ERROR: access denied to perform action "list" on "node"\n'],
  ] as const)('fails with a message when the inventory is in %s', async (inventory, stderr) => {
    sim.setFaults({ inventory });

    expect(await tctl(sim.url, ['get', 'nodes', '--format=json'])).toEqual({ code: 1, stdout: '', stderr });
  });

  it('fails with a message when nothing listens', async () => {
    const run = await tctl('http://127.0.0.1:1', ['get', 'nodes', '--format=json']);

    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ERROR: failed to connect to the auth/),
    });
  });
});

describe('tctl get token', () => {
  it('prints the token that was there from the start, and one that was created in its place', async () => {
    const name = 'aws-discovery-iam-token';
    const read = async (): Promise<unknown> =>
      JSON.parse((await tctl(sim.url, ['get', `token/${name}`, '--format=json'])).stdout);
    expect(await read()).toMatchObject([{ kind: 'token', metadata: { name }, spec: { join_method: 'iam' } }]);

    const spec = { roles: ['Node'], join_method: 'iam', allow: [{ aws_account: '111122223333' }] };
    await tctl(
      sim.url,
      ['create', '-f'],
      JSON.stringify({ kind: 'token', version: 'v2', metadata: { name }, spec }),
    );

    expect(await read()).toMatchObject([{ spec }]);
  });

  it('says which one is not there, and that tokens may not be read', async () => {
    expect(await tctl(sim.url, ['get', 'token/none', '--format=json'])).toMatchObject({
      code: 1,
      stderr: 'ERROR: token "none" is not found\n',
    });
    sim.setFaults({ tokens: 'denied' });
    expect((await tctl(sim.url, ['get', 'token/none', '--format=json'])).stderr).toContain('access denied');
  });
});

describe('tctl create', () => {
  it('makes a token from a file work at once', async () => {
    const file = join(folder, 'token.yaml');
    await writeFile(
      file,
      'kind: token\nversion: v2\nmetadata: {name: mine}\nspec: {join_method: iam, allow: [{aws_account: "111122223333"}]}\n',
    );

    const run = await tctl(sim.url, ['create', '-f', file]);

    const [host] = hosts(1);
    const joined = await fetch(`${sim.url}/_sim/join`, {
      method: 'POST',
      body: JSON.stringify({ ...host, token: 'mine' }),
    });
    expect(run).toEqual({ code: 0, stdout: 'provision_token "mine" has been created\n', stderr: '' });
    expect(joined.status).toBe(200);
  });

  it('puts the labels of a server_info from standard input on the node', async () => {
    await addNodes(sim, 1);
    const info = `kind: server_info
metadata: {name: aws-111122223333-i-00000000000000000}
spec: {new_labels: {aws/Name: web}}
`;

    const created = await tctl(sim.url, ['create', '-'], info);
    const again = await tctl(sim.url, ['create', '-'], info);
    const forced = await tctl(sim.url, ['create', '-f', '-'], info);

    const nodes = await tctl(sim.url, ['get', 'nodes', '--format=json']);
    expect(JSON.parse(nodes.stdout)).toMatchObject([{ metadata: { labels: { 'aws/Name': 'web' } } }]);
    expect(created.stdout).toBe('Server info "aws-111122223333-i-00000000000000000" has been created\n');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('already exists') });
    expect(forced.code).toBe(0);
  });

  const NAME = 'aws-111122223333-i-00000000000000000';
  const serverInfo = (labels: object, expiresAtMs?: number): string =>
    JSON.stringify({
      kind: 'server_info',
      metadata: {
        name: NAME,
        ...(expiresAtMs === undefined ? {} : { expires: new Date(expiresAtMs).toISOString() }),
      },
      spec: { new_labels: labels },
    });
  const shownLabels = async (): Promise<object> => {
    const run = await tctl(sim.url, ['get', 'nodes', '--format=json']);
    const [node] = JSON.parse(run.stdout) as { metadata: { labels: Record<string, string> } }[];
    const labels = Object.entries(node?.metadata.labels ?? {});
    return Object.fromEntries(labels.filter(([key]) => !key.startsWith('teleport.dev/')));
  };

  it('puts labels under aws/ whatever prefix they came with, and replaces all of them', async () => {
    await addNodes(sim, 1);

    await tctl(sim.url, ['create', '-f'], serverInfo({ Name: 'web', 'aws/team/x': 'a', 'other/y': 'b' }));
    const first = await shownLabels();
    await tctl(sim.url, ['create', '-f'], serverInfo({ 'aws/Name': 'db' }));

    expect(first).toEqual({ 'aws/Name': 'web', 'aws/team/x': 'a', 'aws/y': 'b' });
    expect(await shownLabels()).toEqual({ 'aws/Name': 'db' });
  });

  it('lists a server_info until it expires; the agent keeps its labels until it is given others', async () => {
    await addNodes(sim, 1);
    const list = async (): Promise<unknown[]> =>
      JSON.parse((await tctl(sim.url, ['get', 'server_info', '--format=json'])).stdout) as unknown[];

    await tctl(sim.url, ['create', '-f'], serverInfo({ 'aws/Name': 'web' }, Date.now() + 3_600_000));
    const listed = await list();
    await tctl(sim.url, ['create', '-f'], serverInfo({ 'aws/Name': 'db' }, Date.now() + 3_600_000));
    await tctl(sim.url, ['rm', `server_info/${NAME}`]);

    expect(listed).toMatchObject([{ kind: 'server_info', sub_kind: 'cloud_info', metadata: { name: NAME } }]);
    expect(await list()).toEqual([]);
    expect(await shownLabels()).toEqual({ 'aws/Name': 'db' });

    await tctl(sim.url, ['create', '-f'], serverInfo({}, Date.now() - 1));
    expect([await list(), await shownLabels()]).toEqual([[], { 'aws/Name': 'db' }]);
    await tctl(sim.url, ['create', '-f'], serverInfo({}, Date.now() + 60_000));
    expect(await shownLabels()).toEqual({});
  });

  it('is refused when the identity may not, and tells what was created before', async () => {
    sim.setFaults({ resources: 'denied' });
    const denied = await tctl(sim.url, ['create', '-f'], serverInfo({}));
    sim.setFaults({ resources: 'ok' });
    const half = await tctl(
      sim.url,
      ['create', '-f'],
      `${serverInfo({})}{"kind":"shoe","metadata":{"name":"x"}}`,
    );

    expect(denied).toEqual({
      code: 1,
      stdout: '',
      stderr: 'ERROR: access denied to perform action "create" on "server_info"\n',
    });
    expect(half).toMatchObject({ code: 1, stdout: `Server info "${NAME}" has been created\n` });
  });

  it('refuses a file that is not there and a kind that it does not know', async () => {
    const missing = await tctl(sim.url, ['create', '-f', join(folder, 'no.yaml')]);
    const unknown = await tctl(sim.url, ['create'], 'kind: shoe\nmetadata: {name: x}\n');

    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('no such file or directory') });
    expect(unknown).toMatchObject({
      code: 1,
      stderr: 'ERROR: creating resources of type "shoe" is not supported\n',
    });
  });
});

describe('tctl', () => {
  it('reports the status of the cluster and its own version', async () => {
    const [status, version] = await Promise.all([tctl(sim.url, ['status']), tctl(sim.url, ['version'])]);

    expect(status.stdout).toMatch(/^Cluster: example\nVersion: 18\.5\.1\nCA pins: sha256:/);
    expect(version.stdout).toMatch(/^Teleport v18\.5\.1 /);
  });

  it('reads created resources back and deletes them', async () => {
    await tctl(sim.url, ['create', '-'], 'kind: role\nmetadata: {name: reader}\n');

    const read = await tctl(sim.url, ['get', 'role/reader', '--format=json']);
    const removed = await tctl(sim.url, ['rm', 'role/reader']);
    const after = await tctl(sim.url, ['get', 'roles', '--format=json']);

    expect(JSON.parse(read.stdout)).toMatchObject([{ kind: 'role', metadata: { name: 'reader' } }]);
    expect([removed.code, after.stdout]).toEqual([0, '[]\n']);
  });

  it('removes a node by its name; that of a host that runs comes back, and is counted against the one who removed it', async () => {
    await addNodes(sim, 2);
    const [running, offline] = hosts(2) as { accountId: string; instanceId: string }[];
    const pathOf = (host?: { accountId: string; instanceId: string }): string =>
      `${sim.url}/_sim/nodes/${host?.accountId}/${host?.instanceId}`;
    const nameOf = async (host?: { accountId: string; instanceId: string }): Promise<string> =>
      ((await (await fetch(pathOf(host))).json()) as { nodeId: string }).nodeId;
    await fetch(pathOf(offline), { method: 'DELETE' });
    const [first, second] = [await nameOf(running), await nameOf(offline)];

    const runs = [
      await tctl(sim.url, ['rm', `node/${first}`]),
      await tctl(sim.url, ['rm', `node/${second}`]),
      await tctl(sim.url, ['rm', `node/${second}`]),
      await tctl(sim.url, ['get', `node/${second}`, '--format=json']),
    ];

    expect(runs).toEqual([
      { code: 0, stdout: `node ${first} has been deleted\n`, stderr: '' },
      { code: 0, stdout: `node ${second} has been deleted\n`, stderr: '' },
      { code: 1, stdout: '', stderr: `ERROR: key "/nodes/default/${second}" is not found\n` },
      { code: 1, stdout: '', stderr: `ERROR: node with ID "${second}" not found\n` },
    ]);
    const health = (await (await fetch(`${sim.url}/_sim/health`)).json()) as { removals: object };
    expect(health.removals).toEqual({ nodes: 2, ofRunningHosts: 1 });
    expect((await fetch(pathOf(running))).status).toBe(200);
    expect((await fetch(pathOf(offline))).status).toBe(404);
  });

  it('says that the verb is missing where nodes may not be removed', async () => {
    await fetch(`${sim.url}/_sim/faults`, { method: 'POST', body: JSON.stringify({ removals: 'denied' }) });

    expect(await tctl(sim.url, ['rm', 'node/any'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'ERROR: access denied to perform action "delete" on "node"\n',
    });
  });

  it.each([
    [['get', 'nodes', '--fromat=json'], "ERROR: unknown long flag '--fromat'\n"],
    [['launch'], 'ERROR: expected command but got "launch"\n'],
    [['get', 'shoes', '--format=json'], 'ERROR: getting "shoes" is not supported\n'],
    [
      ['-i', '/nonexistent/identity', 'status'],
      'ERROR: open /nonexistent/identity: no such file or directory\n',
    ],
  ])('refuses %j', async (args, stderr) => {
    expect(await tctl(sim.url, args)).toEqual({ code: 1, stdout: '', stderr });
  });
});
