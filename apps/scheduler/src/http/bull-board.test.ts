import { expect, test } from 'vitest';
import { idsOnly } from './bull-board.ts';

test('ids in job data are shown as they are', () => {
  const data = { version: 1, payload: { target: { accountId: '111122223333', region: 'eu-west-1' } } };

  expect(idsOnly(data)).toEqual(data);
});

test('anything in job data that is not an id is not shown', () => {
  const data = {
    payload: { script: 'curl https://x | bash', list: ['i-0123', 'a b'], token: 'x'.repeat(65) },
  };

  expect(idsOnly(data)).toEqual({
    payload: { script: '[not an id]', list: ['i-0123', '[not an id]'], token: '[not an id]' },
  });
});
