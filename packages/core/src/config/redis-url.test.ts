import { describe, expect, it, test } from 'vitest';
import { readRedisUrl, withoutPassword, withPassword } from './redis-url.ts';

describe('a Redis URL', () => {
  it('names one server, nodes of a Cluster, or Sentinels', () => {
    expect(readRedisUrl('rediss://muster:p%40ss@redis:6380/2')).toEqual({
      serverUrl: 'rediss://muster:p%40ss@redis:6380/2',
      nodes: [],
      sentinel: null,
      password: 'p@ss',
    });
    expect(readRedisUrl('redis+cluster://muster:p%40ss@a:7001,b,[::1]:7003')).toEqual({
      serverUrl: 'redis://muster:p%40ss@a:7001',
      nodes: [
        { host: 'a', port: 7001 },
        { host: 'b', port: 6379 },
        { host: '::1', port: 7003 },
      ],
      sentinel: null,
      password: 'p@ss',
    });
    expect(readRedisUrl('rediss+sentinel://muster:p%40ss@a,b:26380/main/2')).toEqual({
      serverUrl: 'rediss://muster:p%40ss@a/2',
      nodes: [],
      sentinel: {
        name: 'main',
        nodes: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 26_380 },
        ],
      },
      password: 'p@ss',
    });
    expect(readRedisUrl('rediss+cluster://a:7001/0?family=6')?.serverUrl).toBe('rediss://a:7001/0?family=6');
  });

  it.each([
    '',
    'localhost:6379',
    'http://redis',
    'redis://',
    'redis:///tmp/redis.sock',
    'redis://a:p%zz@b',
    'redis://a:1,b:2',
    'redis://a/x',
    'redis+cluster://',
    'redis+cluster://a:1,,b:2',
    'redis+cluster://a:1,b:x',
    'redis+cluster://a:1/2',
    'redis+sentinel://a:1',
    'redis+sentinel://a:1/',
    'redis+sentinel://a:1/main/x',
    'redis+sentinel://a:1,b:x/main',
  ])('is not %j', (text) => {
    expect(readRedisUrl(text)).toBeNull();
  });
});

test.each([
  ['redis://redis:6379/2', 'redis://:p%40ss@redis:6379/2'],
  ['redis://muster@redis', 'redis://muster:p%40ss@redis'],
  ['redis://muster:@redis', 'redis://muster:p%40ss@redis'],
  ['rediss+cluster://a:1,b:2', 'rediss+cluster://:p%40ss@a:1,b:2'],
  ['redis+sentinel://muster@a:1,b:2/main', 'redis+sentinel://muster:p%40ss@a:1,b:2/main'],
  ['redis+cluster://muster@a:1,b:2/0', 'redis+cluster://muster:p%40ss@a:1,b:2/0'],
])('the password completes %s', (url, completed) => {
  expect(withPassword(url, 'p@ss')).toBe(completed);
  expect(readRedisUrl(completed)?.password).toBe('p@ss');
  expect(readRedisUrl(withoutPassword(completed))?.password).toBe('');
});
