import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NOW_MS } from '@muster/testing/builders';
import { type LedgerBench, startLedgerBench, type TestLedger } from '@muster/testing/ledger-bench';
import {
  baseEnvironment,
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
} from '@muster/testing/supervised-process';
import { OFFLINE_FACTS, systemConfig } from '@muster/testing/system-config';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
const received: string[] = [];
const receiver = createServer((request, response) => {
  received.push(request.url ?? '');
  request.resume();
  response.writeHead(request.url === '/gone' ? 404 : 200).end(request.url === '/gone' ? 'no_service' : 'ok');
});
let bench: LedgerBench;
let one: TestLedger;

beforeAll(async () => {
  bench = await startLedgerBench();
  one = bench.create();
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const channel = (name: string, url: string, facts = {}) => ({ name, kind: 'slack', url, ...facts });
  const notify = [
    channel('ops', `${base}/ok`, { allow_private: true, severity: 'page' }),
    channel('gone', `${base}/gone`, { allow_private: true, owners: ['aws-admin'] }),
    channel('inside', base.replace('http:', 'https:')),
  ];
  const { host, port } = one.redis.options;
  const redis = { url: `redis://${host}:${port}`, prefix: prefixOf(one) };
  const config = systemConfig(OFFLINE_FACTS, { muster: { redis, notify } });
  writeFileSync(join(folder, 'muster.yaml'), JSON.stringify(config));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  receiver.close();
  receiver.closeAllConnections();
  await bench.disconnect();
  await bench.stop();
});

function prefixOf({ keys }: TestLedger): string {
  return /^\{(.+)\}/.exec(keys.findings)?.[1] ?? '';
}

function muster(...words: readonly string[]): Promise<CommandResult> {
  return runProgram([MUSTER_ENTRY, ...words], { env: baseEnvironment(), cwd: folder });
}

test('notify list says which channels there are and what each is told, and no address', async () => {
  const { stdout, code } = await muster('notify', 'list');

  expect(stdout.split('\n')).toEqual([
    'ops (slack): page and more urgent',
    'gone (slack): warn and more urgent; owners aws-admin',
    'inside (slack): warn and more urgent',
    '',
  ]);
  expect(code).toBe(0);
});

test('notify test sends a message and says what the server answers', async () => {
  expect(await muster('notify', 'test', 'ops')).toMatchObject({
    code: 0,
    stdout: 'ops (slack): taken: 200 ok\n',
  });
  expect(received).toEqual(['/ok']);

  const all = await muster('notify', 'test');
  expect(all.code).toBe(1);
  expect(all.stdout).toContain('gone (slack): not taken: 404 no_service');
  expect(all.stdout).toMatch(/inside \(slack\): not taken: .* no public address/);
  expect(await muster('notify', 'test', 'opps')).toMatchObject({
    code: 64,
    stderr: 'there is no channel opps: did you mean ops?\n',
  });
});

test('a finding that stands is muted for a while, by name and reason, and a mute of another is refused', async () => {
  await one.ledger.control.raise({
    kind: 'clock-off',
    scope: 'process:host-1/42',
    sinceMs: NOW_MS,
    message: 'm',
    remedy: 'r',
  });
  const mute = (...words: readonly string[]) => muster('findings', 'mute', 'clock-off', ...words);
  const terms = ['--reason', 'host is replaced', '--for', '7d'];

  expect(await mute(...terms)).toMatchObject({
    code: 64,
    stderr: 'no finding clock-off stands for that scope; it does for process:host-1/42\n',
  });
  expect(await mute('--scope', 'process:host-1/42', '--reason', 'x', '--for', '91d')).toMatchObject({
    code: 64,
  });
  expect(await mute('--scope', 'process:host-1/42', '--reason', 'x', '--for', 'soon')).toMatchObject({
    code: 64,
  });

  expect((await mute('--scope', 'process:host-1/42', ...terms)).code).toBe(0);
  const [[id, muted] = []] = await one.ledger.mutes.standing(Date.now());
  expect([id, muted?.reason]).toEqual(['clock-off@process:host-1/42', 'host is replaced']);
  const listed = await muster('findings', '--json', '--fields', 'kind,severity,muted');
  expect(JSON.parse(listed.stdout.split('\n')[0] ?? '')).toMatchObject({
    kind: 'clock-off',
    severity: 'warn',
    muted: { reason: 'host is replaced', until: new Date(muted?.untilMs ?? 0).toISOString() },
  });
  expect((await muster('findings')).stdout).toContain(': host is replaced');
  expect((await muster('status')).stdout).toContain(': host is replaced');
  expect(Math.round(((muted?.untilMs ?? 0) - Date.now()) / 3_600_000)).toBe(7 * 24);
  const [audited] = await one.ledger.audit.newest(1);
  expect(audited?.entry).toMatchObject({ act: 'mute', by: { kind: 'cli' }, reason: 'host is replaced' });

  const unmute = (): Promise<CommandResult> =>
    muster('findings', 'unmute', 'clock-off', '--scope', 'process:host-1/42');
  expect((await unmute()).code).toBe(0);
  expect(await unmute()).toMatchObject({ code: 64, stderr: 'clock-off@process:host-1/42 is not muted\n' });
});
