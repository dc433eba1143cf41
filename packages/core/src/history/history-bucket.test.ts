import { expect, test } from 'vitest';
import { decodeBucket, encodeBucket, type HistoryBucket } from './history-bucket.ts';

const BUCKET: HistoryBucket = {
  byState: { joined: 120, failed: 3, 'resting-later': 1 },
  byCause: { 'ec2-join-failure': 3 },
  byGroup: {
    'ou-ab12-11111111': { hosts: 103, joined: 100, failed: 3, lost: 0 },
    other: { hosts: 21, joined: 20, failed: 0, lost: 1 },
  },
  work: { commandsSent: 9, joined: 130, throttled: { 'ssm:SendCommand': 2 } },
  dueLagMs: 1_500,
};

test('a bucket is read as it was kept, with states of a newer release', () => {
  expect(decodeBucket(encodeBucket(BUCKET))).toEqual(BUCKET);
});

test('a bucket of a newer release is read without what it adds', () => {
  const text = encodeBucket(BUCKET);
  const stored = JSON.parse(text) as Record<string, unknown>;
  const newer = JSON.stringify({ ...stored, v: 99, w: [9, 130, 1_500, 7], later: [1] });

  expect(decodeBucket(newer)).toEqual(decodeBucket(text));
});

test.each(['', '{', '[]', '{"v":2}', '{"v":3,"s":{"joined":"x"},"c":{},"g":{},"w":[0,0,0],"t":{}}'])(
  'what is no bucket is a gap: %s',
  (text) => {
    expect(decodeBucket(text)).toBeNull();
  },
);
