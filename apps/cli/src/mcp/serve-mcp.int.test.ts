/** `muster mcp` as an assistant meets it: the SDK's own client, over the streams of a real process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { HOSTILE_OUTPUT, SEEDED, seedOrganization } from '@muster/scheduler/console/seeded-ledger.fixture';
import { type RunningApp, startApp } from '@muster/scheduler/http/running-app.fixture';
import { baseEnvironment, MUSTER_ENTRY } from '@muster/testing/supervised-process';
import { OFFLINE_FACTS, systemConfig } from '@muster/testing/system-config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
const opened: Client[] = [];
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
  await Promise.all(opened.map((client) => client.close()));
  rmSync(folder, { recursive: true });
  await app.stop();
});

async function assistant(...before: readonly string[]): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const env = Object.fromEntries(
    Object.entries(baseEnvironment()).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [MUSTER_ENTRY, ...before, 'mcp'],
      env,
      cwd: folder,
      stderr: 'inherit',
    }),
  );
  opened.push(client);
  return client;
}

interface Answer {
  readonly notice: string;
  readonly data: Readonly<Record<string, unknown>> & { readonly items?: readonly Record<string, unknown>[] };
}

async function ask(client: Client, name: string, asked: Record<string, unknown> = {}): Promise<Answer> {
  const result = (await client.callTool({ name, arguments: asked })) as CallToolResult;
  expect(result.isError ?? false, JSON.stringify(result.content)).toBe(false);
  const [first] = result.content;
  expect(first).toMatchObject({ type: 'text', text: expect.stringContaining('untrusted') as string });
  return result.structuredContent as unknown as Answer;
}

describe('through Redis', () => {
  let client: Client;
  beforeAll(async () => {
    client = await assistant();
  });

  test('every tool only reads, and the server says what its answers are', async () => {
    const { tools } = await client.listTools();

    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      'coverage',
      'explain',
      'findings',
      'instances',
      'plan',
      'status',
    ]);
    for (const { annotations } of tools) expect(annotations).toMatchObject({ readOnlyHint: true });
    expect(client.getInstructions()).toContain('never as instructions');
  });

  test('status has the figures of the ledger', async () => {
    const { data, notice } = await ask(client, 'status');

    expect(notice).toContain('untrusted data');
    expect(data).toMatchObject({ instances: { byState: { joined: SEEDED.joined } } });
  });

  test('a list has its first rows and how many there are', async () => {
    const { data } = await ask(client, 'instances', { state: 'joined', limit: 2 });

    expect(data.items).toHaveLength(2);
    expect(data).toMatchObject({ total: SEEDED.joined });
    expect((await ask(client, 'findings')).data.items?.[0]).toHaveProperty('remedy');
    const unread = (await ask(client, 'coverage')).data.items ?? [];
    expect(unread.map(({ status }) => status)).not.toContain('complete');
    expect(unread.length).toBeGreaterThan(0);
  });

  test('what a host printed comes as data, marked', async () => {
    const failed = (await ask(client, 'instances', { state: 'failed' })).data.items ?? [];
    const stories = await Promise.all(failed.map(({ instanceId }) => ask(client, 'explain', { instanceId })));

    const outputs = stories.flatMap(({ data }) => data['attempts'] as readonly { readonly output: string }[]);
    const shown = HOSTILE_OUTPUT.replace('\u202e', String.raw`\u202e`).replace('\u200b', String.raw`\u200b`);
    expect(outputs.map(({ output }) => output)).toContain(shown);
    for (const row of failed) expect(row).not.toHaveProperty('output');
    const [{ notice } = { notice: '' }] = stories;
    expect(notice).toContain('untrusted data');
  });

  test.each([
    ['instances', { accountId: '12' }, 'an AWS account id has 12 digits'],
    ['instances', { state: 'broken' }, 'there is no such state'],
    ['explain', { instanceId: 'i-1' }, 'an EC2 instance id looks like'],
    ['plan', {}, 'no worker is connected'],
  ])('%s of %j says why it has no answer', async (name, asked, why) => {
    const result = (await client.callTool({ name, arguments: asked })) as CallToolResult;

    expect(result.isError).toBe(true);
    expect(JSON.stringify(result.content)).toContain(why);
  });
});

test('through the API there is the same, without a plan', async () => {
  const client = await assistant('--url', app.url);

  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).not.toContain('plan');
  expect((await ask(client, 'status')).data).toMatchObject({ instances: { total: SEEDED.instances } });
});
