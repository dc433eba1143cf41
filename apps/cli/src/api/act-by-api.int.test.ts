/** Acts through the API of a scheduler's web side: told first, then done as planned, and in the audit. */
import { once } from 'node:events';
import { createServer, request as requestHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seedOrganization } from '@muster/scheduler/console/seeded-ledger.fixture';
import { type RunningApp, startApp } from '@muster/scheduler/http/running-app.fixture';
import {
  baseEnvironment,
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
} from '@muster/testing/supervised-process';
import { ActionId } from '@muster/core/control/actions/action';
import { anOperator } from '@muster/core/control/actions/act.fixture';
import { eventually } from '@muster/testing/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
let app: RunningApp;
let accountId: string;
let token: string;
beforeAll(async () => {
  app = await startApp();
  await seedOrganization(app.ledger, Date.now());
  accountId = (await app.ledger.coverage.accountIds())[0] ?? '';
  token = join(folder, 'token');
  const wanted = { name: 'deploys', role: 'operator', scope: 'all', by: 'ann', lifeMs: 3_600_000 } as const;
  writeFileSync(token, (await app.ledger.access.tokens.make(wanted)).secret);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await app.stop();
});

function muster(...args: readonly string[]): Promise<CommandResult> {
  return runProgram([MUSTER_ENTRY, '--url', app.url, ...args], { env: baseEnvironment(), cwd: folder });
}

test('a pause says first whom it touches, is done, and stands in the audit with the token’s name', async () => {
  const paused = await muster(
    '--token-file',
    token,
    'pause',
    '--account',
    accountId,
    '--reason',
    'network work',
  );

  expect(paused).toMatchObject({ code: 0 });
  expect(paused.stderr).toContain('This touches ');
  const pauses = await app.ledger.control.pauses();
  expect(pauses.map(({ scope }) => scope)).toContain(`account:${accountId}`);
  const { stdout } = await muster('--token-file', token, 'audit', '--act', 'pause', '--json');
  expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({
    act: 'pause',
    scope: `account:${accountId}`,
    by: 'deploys',
    reason: 'network work',
  });
  const resumed = await muster('--token-file', token, 'resume', '--account', accountId);
  expect(resumed).toMatchObject({ code: 0 });
  expect((await app.ledger.control.pauses()).map(({ scope }) => scope)).not.toContain(`account:${accountId}`);
});

test('the same question by two commands: why did these fail, and try them again', async () => {
  const listed = await muster('instances', '--state', 'failed', '--cause', 'host-disk-full', '--json');
  expect(listed).toMatchObject({ code: 0 });
  const hosts = listed.stdout.trimEnd().split('\n').length;

  const dry = await muster(
    '--token-file',
    token,
    'retry',
    '--cause',
    'host-disk-full',
    '--dry-run',
    '--json',
  );
  expect(JSON.parse(dry.stdout)).toMatchObject({ act: 'retry', hosts, dryRun: true, done: false });

  const retrying = muster('--token-file', token, 'retry', '--cause', 'host-disk-full');
  await eventually('the action waits for a worker, and one does it', async () => {
    const [id] = await app.ledger.due.lease('actions', 1, 1_000);
    if (id !== undefined) await anOperator(app.ledger).run(ActionId.parse(id));
    return id !== undefined;
  });
  expect(await retrying).toMatchObject({ code: 0, stdout: expect.stringContaining(String(hosts)) as string });
});

test('a scheduler that does not answer for a moment ends no command that waits for an action', async () => {
  let missed = 0;
  const between = createServer((request, response) => {
    if (request.method === 'GET' && (request.url ?? '').startsWith('/api/v1/actions/') && missed < 2) {
      missed += 1;
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
      return;
    }
    const { pathname, search } = new URL(request.url ?? '/', app.url);
    const onward = requestHttp(
      app.url + pathname + search,
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(onward);
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;

  const retrying = runProgram(
    [MUSTER_ENTRY, '--url', url, '--token-file', token, 'retry', '--cause', 'ec2-join-failure'],
    { env: baseEnvironment(), cwd: folder },
  );
  await eventually('the command has asked twice in vain', () => Promise.resolve(missed === 2));
  await eventually('a worker does it', async () => {
    const [id] = await app.ledger.due.lease('actions', 1, 1_000);
    if (id !== undefined) await anOperator(app.ledger).run(ActionId.parse(id));
    return id !== undefined;
  });

  expect(await retrying).toMatchObject({ code: 0, stdout: expect.stringContaining('tried again') as string });
  between.closeAllConnections();
  between.close();
});

test('sweep begins, and what the API has no words for is refused', async () => {
  expect(await muster('--token-file', token, 'sweep')).toMatchObject({ code: 0 });
  expect(await muster('--token-file', token, 'sweep', '--wait')).toMatchObject({ code: 64 });
  expect(await muster('--token-file', token, 'approve')).toMatchObject({
    code: 0,
    stdout: 'nothing waits for an approval\n',
  });
});

test('a scope that is not there, and an act without a token, change nothing', async () => {
  expect(await muster('--token-file', token, 'pause', '--account', '999999999999')).toMatchObject({
    code: 64,
  });
  expect(await muster('--token-file', token, 'approve', 'nothing')).toMatchObject({ code: 64 });
  const refused = await muster('pause', '--all');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--token-file') as string });
  expect(await app.ledger.control.pauses()).not.toContainEqual(expect.objectContaining({ scope: 'all' }));
});
