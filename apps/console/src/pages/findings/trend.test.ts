import { expect, test } from 'vitest';
import { trendOf } from './trend.ts';

test.each([
  [17, { hourAgo: 12, dayAgo: 5 }, 'bad', '12 more than a day ago'],
  [17, { hourAgo: 20, dayAgo: null }, 'good', '3 fewer than an hour ago'],
  [17, { hourAgo: 17, dayAgo: 17 }, 'off', 'as a day ago'],
])('%i hosts after %j', (hosts, trend, tone, text) => {
  expect(trendOf({ hosts, trend })).toEqual({ tone, text });
});

test('where history does not reach back, nothing is said', () => {
  expect(trendOf({ hosts: 17, trend: null })).toBeNull();
  expect(trendOf({ hosts: 17, trend: { hourAgo: null, dayAgo: null } })).toBeNull();
  expect(trendOf({ hosts: null, trend: { hourAgo: 1, dayAgo: 1 } })).toBeNull();
});
