import express from 'express';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compressAnswers } from '../http/compress-answers.ts';
import { listen } from '../http/listen.ts';
import { serveConsole } from './serve-console.ts';

const HTML = { accept: 'text/html,application/xhtml+xml' };
const SCRIPT = 'console.log("the page");'.repeat(200);

let folder: string;
let url: string;
let listening: Awaited<ReturnType<typeof listen>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-console-'));
  await mkdir(join(folder, 'assets'));
  await Promise.all([
    writeFile(join(folder, 'index.html'), '<!doctype html><title>Muster</title>'),
    writeFile(join(folder, 'theme.js'), '// theme'),
    writeFile(join(folder, 'assets/index-1a2b.js'), SCRIPT),
  ]);
  const app = express();
  app.use(compressAnswers(), serveConsole(folder));
  app.use((_request, response) => {
    response.status(404).json({ error: 'There is nothing here.' });
  });
  listening = await listen(app, { host: '127.0.0.1', port: 0, tls: null });
  ({ url } = listening);
});
afterAll(async () => {
  await listening.close();
  await rm(folder, { recursive: true });
});

test.each(['/', '/instances?state=failed', '/accounts/111122223333'])(
  'a browser that opens %s gets the page, and asks for it again the next time',
  async (path) => {
    const answer = await fetch(url + path, { headers: HTML });

    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).toContain('<title>Muster</title>');
  },
);

test.each([
  '/api/v1/nothing',
  '/auth/nothing',
  '/queues/nothing',
  '/assets/index-of-before.js',
  '/metrics/x',
])('%s is not there, in a browser too', async (path) => {
  expect((await fetch(url + path, { headers: HTML })).status).toBe(404);
});

test('a program that asks for what is not there gets no page', async () => {
  expect((await fetch(`${url}/instances`, { headers: { accept: 'application/json' } })).status).toBe(404);
});

test('what carries its hash is kept, the rest is asked for again', async () => {
  const hashed = await fetch(`${url}/assets/index-1a2b.js`);
  const plain = await fetch(`${url}/theme.js`);

  expect(hashed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(plain.headers.get('cache-control')).toBe('no-cache');
});

test('a script is sent compressed', async () => {
  const answer = await fetch(`${url}/assets/index-1a2b.js`, { headers: { 'accept-encoding': 'gzip' } });

  expect(answer.headers.get('content-encoding')).toBe('gzip');
  expect(await answer.text()).toBe(SCRIPT);
});

test.each(['/..%2fpackage.json', '/assets/..%2f..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd'])(
  '%s leads nowhere out of the folder',
  async (path) => {
    const answer = await fetch(url + path);

    expect(answer.status).not.toBe(200);
  },
);

test('where the page is not built, the answer says how to build it', async () => {
  const app = express();
  app.use(serveConsole(join(folder, 'missing')));
  const other = await listen(app, { host: '127.0.0.1', port: 0, tls: null });

  const answer = await fetch(other.url, { headers: HTML });

  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain('npm run build in apps/console');
  await other.close();
});
