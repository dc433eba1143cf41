/** The verbs that look, asked through the API of a scheduler's web side and through Redis. */
import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Target } from '@muster/core/organization/target';
import { SEEDED, seedOrganization } from '@muster/scheduler/console/seeded-ledger.fixture';
import { type RunningApp, startApp } from '@muster/scheduler/http/running-app.fixture';
import { eventually } from '@muster/testing/eventually';
import {
  baseEnvironment,
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
} from '@muster/testing/supervised-process';
import { OFFLINE_FACTS, systemConfig } from '@muster/testing/system-config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
  await seedOrganization(app.ledger, Date.now());
  const redis = { url: app.redis.url, ...app.redis.tlsFiles, prefix: 'muster' };
  writeFileSync(
    join(folder, 'muster.yaml'),
    JSON.stringify(systemConfig(OFFLINE_FACTS, { muster: { redis } })),
  );
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await app.stop();
});

function muster(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
  return runProgram([MUSTER_ENTRY, ...args], { env: { ...baseEnvironment(), ...env }, cwd: folder });
}

function byApi(...args: readonly string[]): Promise<CommandResult> {
  return muster(['--url', app.url, ...args]);
}

function linesOf({ stdout }: CommandResult): readonly Readonly<Record<string, unknown>>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

describe('the same question has the same answer', { timeout: 60_000 }, () => {
  test('status', async () => {
    const [through, direct] = await Promise.all([byApi('status', '--json'), muster(['status', '--json'])]);

    expect(through).toMatchObject({ code: 0, stderr: '' });
    const [told, known] = [linesOf(through)[0], linesOf(direct)[0]];
    for (const part of ['sweep', 'instances', 'commands', 'aws', 'waits', 'rollout']) {
      expect(told?.[part], part).toEqual(known?.[part]);
    }
    // The API does not tell how many labels wait.
    expect(told?.['labels']).toEqual({ waiting: null });
    const shown = await byApi('status');
    expect(shown.stdout).toContain('Findings:');
    expect(shown.stdout.indexOf('Findings:')).toBeLessThan(shown.stdout.indexOf('Not enrolled, and why:'));
  });

  test('findings', async () => {
    const [through, direct] = await Promise.all([
      byApi('findings', '--json'),
      muster(['findings', '--json']),
    ]);

    const key = ({ kind, scope }: Readonly<Record<string, unknown>>): string =>
      `${String(kind)} ${String(scope)}`;
    const told = linesOf(through);
    expect(told.map(key).toSorted()).toEqual(linesOf(direct).map(key).toSorted());
    expect(told.length).toBeGreaterThan(5);
  });

  test('accounts, instances and coverage', async () => {
    await eventually('the read model has read the ledger', async () => {
      const { stdout } = await byApi('instances', '--json', '--fields', 'instanceId');
      return stdout.trimEnd().split('\n').length === SEEDED.instances;
    });
    const questions: readonly (readonly string[])[] = [
      ['accounts', '--json', '--fields', 'accountId,name,status,cause,hosts,joined,failed,lastCompleteAt'],
      [
        'instances',
        '--json',
        '--sort',
        'instanceId',
        '--fields',
        'instanceId,accountId,accountName,region,state,cause,since',
      ],
      ['instances', '--json', '--state', 'failed', '--cause', 'host-disk-full', '--fields', 'instanceId'],
      ['coverage', '--json', '--fields', 'accountId,region,status,cause,detail,remedy,lastCompleteAt'],
    ];
    for (const question of questions) {
      const [through, direct] = await Promise.all([byApi(...question), muster(question)]);

      expect(through).toMatchObject({ code: 0, stderr: '' });
      const order = (row: object): string => JSON.stringify(row);
      expect(linesOf(through).map(order).toSorted()).toEqual(linesOf(direct).map(order).toSorted());
      expect(linesOf(through).length).toBeGreaterThan(2);
    }
  });

  test('what an instance waits for, its command and its node', async () => {
    const [queued] = linesOf(await muster(['instances', '--state', 'queued', '--json', '--limit', '1']));
    const { accountId, region } = queued ?? {};
    await app.ledger.waits.note(Target.parse({ accountId, region }), {
      reason: 'cap',
      untilMs: null,
      nowMs: Date.now(),
      hasSent: false,
    });
    const fields = 'instanceId,waitsFor,commandId,nodeId,attempts,exitCode';
    const question = ['instances', '--json', '--sort', 'instanceId', '--fields', fields];

    const [through, direct] = (await Promise.all([byApi(...question), muster(question)])).map(linesOf);

    expect(through).toEqual(direct);
    expect(new Set(through?.map(({ waitsFor }) => waitsFor))).toEqual(new Set([null, 'back-off', 'cap']));
    expect(through?.filter(({ nodeId }) => nodeId !== null)).toHaveLength(SEEDED.joined);
    expect(through?.filter(({ commandId }) => commandId !== null).length).toBeGreaterThan(10);
  });

  test('the first rows of a table, and how many more there are', async () => {
    const { stdout, stderr } = await byApi('instances', '--limit', '3', '--sort', '-since');

    expect(stdout.trimEnd().split('\n')).toHaveLength(4);
    expect(stderr).toBe(`… and ${SEEDED.instances - 3} more (--limit 0 shows all)\n`);
  });

  test('explain', async () => {
    const [failed] = linesOf(await muster(['instances', '--state', 'failed', '--json', '--limit', '1']));
    const id = String(failed?.['instanceId']);
    const [through, direct] = await Promise.all([byApi('explain', id), muster(['explain', id])]);

    expect(through).toEqual(direct);
    expect(await byApi('explain', 'i-fffffffffffffffff')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('is not known') as string,
    });
  });

  test.each([
    ['--state', 'broken'],
    ['--cause', 'toString'],
    ['--account', '999999999999'],
    ['--region', 'xx-nowhere-1'],
  ])('instances %s %s is a slip, not an answer', async (option, word) => {
    expect(await byApi('instances', option, word)).toMatchObject({ code: 64, stdout: '' });
  });

  test('waves', async () => {
    expect(await byApi('waves')).toEqual(await muster(['waves']));
  });
});

test('an answer of a scheduler whose Redis is away is told to be old', async () => {
  const other = await startApp();
  await fetch(`${other.url}/api/v1/findings`);
  await other.redis.stop();
  await eventually('the command says so', async () => {
    const { code, stderr } = await muster(['--url', other.url, 'findings', '--json']);
    return code === 0 && stderr !== '';
  });
  const { stderr } = await muster(['--url', other.url, 'findings', '--json']);
  expect(stderr).toMatch(/answers with what it knew .* ago, at 20/);
  await other.stop();
}, 30_000);

describe('an address', () => {
  test.each([
    ['http://muster.example.com', 'plain http reaches this machine only'],
    ['https://name:secret@muster.example.com', 'no name and no password belong into it'],
    ['muster.example.com', 'must be an address such as https://'],
    ['file:///etc/passwd', 'must be an address such as https://'],
  ])('%s is refused before anything is sent', async (url, message) => {
    const { code, stdout, stderr } = await muster(['--url', url, 'status']);

    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('secret');
  });

  test('may come from the environment, and a verb that no API answers then does not ask another installation', async () => {
    const env = { MUSTER_URL: app.url };

    expect(await muster(['waves'], env)).toMatchObject({ code: 0 });
    expect(await muster(['token'], env)).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('not through the API') as string,
    });
    expect(await muster(['version'], env)).toMatchObject({ code: 0 });
    expect(await muster(['--url', app.url, 'version'])).toMatchObject({ code: 64 });
  });

  test('that does not answer is told as that', async () => {
    const { code, stderr } = await muster(['--url', 'http://127.0.0.1:1', 'status']);

    expect(code).toBe(1);
    expect(stderr).toMatch(/^http:\/\/127\.0\.0\.1:1 does not answer: /);
  });
});

describe('a certificate of an authority of one’s own', () => {
  let server: SecureServer;
  let url: string;
  const certificate = join(folder, 'ca.pem');
  beforeAll(async () => {
    const key = join(folder, 'key.pem');
    const asked = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    execFileSync('openssl', [...asked, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    server = createSecureServer(
      { key: readFileSync(key), cert: readFileSync(certificate) },
      (_request, response) => response.end('<html>'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('is refused, with what would trust it', async () => {
    const { code, stderr } = await muster(['--url', url, 'status']);

    expect(code).toBe(1);
    expect(stderr).toContain('--ca-file FILE, or NODE_EXTRA_CA_CERTS');
  });

  test('is trusted by --ca-file: the answer is read', async () => {
    const { stderr } = await muster(['--url', url, '--ca-file', certificate, 'status']);

    expect(stderr).toContain('is it the address of a scheduler');
    expect(await muster(['--url', url, '--ca-file', join(folder, 'muster.yaml'), 'status'])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('no certificates in PEM') as string,
    });
  });
});

describe('another server', () => {
  const seen: (string | undefined)[] = [];
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url?.startsWith('/away/')) {
        response.writeHead(302, { location: `${app.url}/api/v1/overview` }).end();
      } else if (request.url?.startsWith('/refusing/')) {
        const problem = { type: 'about:blank', title: 'No', status: 401, detail: 'Sign in.\u001B[2J' };
        response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
      } else response.end('<html>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('gets the token that it was given with, and cannot send it on to another', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'muster_abc\n');

    const { code, stderr } = await muster(['--url', `${url}/away`, '--token-file', tokenFile, 'status']);

    expect(code).toBe(1);
    expect(stderr).toContain('answers 302 and points elsewhere');
    expect(seen.at(-1)).toBe('Bearer muster_abc');
  });

  test('that is no scheduler is told as that', async () => {
    expect(await muster(['--url', url, 'status'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is it the address of a scheduler') as string,
    });
  });

  test('that asks for a token is told with what gives one, and controls no terminal', async () => {
    const { code, stderr } = await muster(['--url', `${url}/refusing`, 'status']);

    expect(code).toBe(1);
    expect(stderr).toBe(
      `${url}/refusing: Sign in.\\u001b[2J A token is given by --token-file (muster api-token create makes one).\n`,
    );
  });

  test('is sent no token that would end the header', async () => {
    const tokenFile = join(folder, 'two-lines');
    writeFileSync(tokenFile, 'muster_abc\nX-Other: 1');

    expect(await muster(['--url', url, '--token-file', tokenFile, 'status'])).toMatchObject({ code: 64 });
  });
});
