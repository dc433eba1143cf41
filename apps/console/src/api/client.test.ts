import { expect, test } from 'vitest';
import { addressOf } from './client.ts';

test('parameters without a value are left out, and the others are escaped', () => {
  expect(addressOf('/instances', { q: 'a&b=c d', state: '', cursor: undefined, limit: 50 })).toBe(
    '/api/v1/instances?q=a%26b%3Dc+d&limit=50',
  );
  expect(addressOf('/overview')).toBe('/api/v1/overview');
});

test('who is signed in is asked beside the API', () => {
  expect(addressOf('/auth/session')).toBe('/auth/session');
});
