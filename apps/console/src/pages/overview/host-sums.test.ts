import { expect, test } from 'vitest';
import { hostSums } from './host-sums.ts';

test('stopped, unmatched and gone hosts are not meant to join', () => {
  const sums = hostSums({ joined: 5, queued: 2, installed: 1, failed: 1, stopped: 9, gone: 4, unmatched: 3 });

  expect(sums).toEqual({ hosts: 9, joined: 5, underWay: 3, failed: 1, lost: 0, ineligible: 0, other: 0 });
});

test('a state that only a newer release knows is counted, and the parts are the whole', () => {
  const { hosts, joined, underWay, failed, lost, ineligible, other } = hostSums({
    joined: 2,
    lost: 1,
    ineligible: 1,
    'awaiting-approval': 3,
  });

  expect(other).toBe(3);
  expect(joined + underWay + failed + lost + ineligible + other).toBe(hosts);
});
