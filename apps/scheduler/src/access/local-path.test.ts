import { expect, test } from 'vitest';
import { localPath } from './local-path.ts';

test.each(['/', '/instances?state=failed&cause=a%2Fb#top', '/queues/queue/discovery'])(
  '%s is kept',
  (path) => {
    expect(localPath(path)).toBe(path);
  },
);

test.each([
  'https://evil.example.com/',
  '//evil.example.com',
  '/\\evil.example.com',
  '\\\\evil.example.com',
  '/\t/evil.example.com',
  '/\n/evil.example.com',
  '/a/..//evil.example.com',
  'javascript:alert(1)',
  'evil.example.com',
  '',
  undefined,
  ['/a', '/b'],
])('%j leads to the overview', (text) => {
  expect(localPath(text)).toBe('/');
});
