import { expect, test } from 'vitest';
import { trustsProxy } from './proxy-addresses.ts';

test('proxies are told by address and by network, and a reload changes them', () => {
  let proxies: readonly string[] = ['10.0.0.0/8', '192.0.2.7', 'fd00::/8'];
  const trusts = trustsProxy(() => proxies);

  expect(['10.1.2.3', '192.0.2.7', '::ffff:10.1.2.3', 'fd12::1'].map(trusts)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['11.1.2.3', '192.0.2.8', '::1', 'no address'].map(trusts)).toEqual([false, false, false, false]);
  proxies = [];
  expect(trusts('10.1.2.3')).toBe(false);
});
