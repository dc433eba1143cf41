import { randomBytes } from 'node:crypto';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { compressAnswers } from '../http/compress-answers.ts';
import { listen } from '../http/listen.ts';
import { sendStream } from './send-answer.ts';

const CHUNKS = 200;
const CHUNK_CHARACTERS = 64 * 1024;

/** Text that does not get smaller, so that the reader is slower than the writer. */
async function* chunks(): AsyncGenerator<string> {
  for (let nth = 0; nth < CHUNKS; nth += 1) {
    yield await Promise.resolve(randomBytes(CHUNK_CHARACTERS / 2).toString('hex'));
  }
}

test('a long stream waits for its reader many times, and keeps no listener for each', async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error): void => {
    warnings.push(name);
  };
  process.on('warning', note);
  const app = express();
  app.use(compressAnswers());
  app.get('/', (_request, response) =>
    sendStream(response, {
      headers: { 'Content-Type': 'text/plain' },
      chunks: chunks(),
      signal: new AbortController().signal,
    }),
  );
  const listening = await listen(app, { host: '127.0.0.1', port: 0, tls: null });
  onTestFinished(async () => {
    process.off('warning', note);
    await listening.close();
  });

  const answer = await fetch(listening.url, { headers: { 'accept-encoding': 'gzip' } });

  expect(answer.headers.get('content-encoding')).toBe('gzip');
  expect(await answer.text()).toHaveLength(CHUNKS * CHUNK_CHARACTERS);
  expect(warnings).not.toContain('MaxListenersExceededWarning');
});
