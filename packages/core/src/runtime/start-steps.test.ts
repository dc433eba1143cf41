import { expect, test } from 'vitest';
import { createStartSteps } from './start-steps.ts';

test('a step that fails closes all that was opened, whatever of that fails too, and its error is thrown on', async () => {
  const closed: string[] = [];
  const start = createStartSteps();
  start.opened(() => Promise.reject(new Error('gone already')));
  start.opened(async () => void closed.push('connection'));

  await expect(start.step(Promise.resolve('value'))).resolves.toBe('value');
  expect(closed).toEqual([]);
  await expect(start.step(Promise.reject(new Error('port taken')))).rejects.toThrow('port taken');

  expect(closed).toEqual(['connection']);
});
