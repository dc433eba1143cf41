import { aBatchId } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import { markerOf, type MarkerScope, readMarker, timeOfBatch } from './marker.ts';
import type { AccountId, BatchId, Region } from '../organization/ids.ts';

const KEY = { reveal: () => '0123456789abcdef'.repeat(4) };
const OTHER_KEY = { reveal: () => 'fedcba9876543210'.repeat(4) };
const TARGET = { accountId: '111122223333' as AccountId, region: 'eu-west-1' as Region };
const SIGNED: MarkerScope = { installation: 'abcdef012345', keys: [KEY], target: TARGET };
const UNSIGNED: MarkerScope = { ...SIGNED, keys: [] };
const BATCH = '01JD4Q7W8ZC2R6M3N5P9T0VXYB' as BatchId;
const AT_MS = timeOfBatch(BATCH) + 2_000;
const MINUTE_MS = 60_000;

const read = (
  scope: MarkerScope,
  comment: string,
  requestedAtMs = AT_MS,
  unsignedUntilMs: number | null = null,
) => readMarker(scope, { comment, requestedAtMs }, unsignedUntilMs);

test('a marker names its batch, carries a MAC when there is a key, and fits into a Comment', () => {
  expect(markerOf(UNSIGNED, BATCH)).toBe(`muster:v1:abcdef012345:${BATCH}`);
  expect(markerOf(SIGNED, BATCH)).toMatch(/^muster:v2:abcdef012345:01JD4Q7W8ZC2R6M3N5P9T0VXYB:[\w-]{16}$/);
  expect(markerOf(SIGNED, BATCH).length).toBeLessThanOrEqual(100);
});

test('a batch tells when it was made', () => {
  expect(timeOfBatch('01ARZ3NDEKTSV4RRFFQ69G5FAV' as BatchId)).toBe(1_469_922_850_259);
});

describe('with a key', () => {
  test('the own marker is proven, also by the key that it was signed with before', () => {
    const ours = { kind: 'ours', batchId: BATCH, isProven: true };

    expect(read(SIGNED, markerOf(SIGNED, BATCH))).toEqual(ours);
    expect(read({ ...SIGNED, keys: [OTHER_KEY, KEY] }, markerOf(SIGNED, BATCH))).toEqual(ours);
  });

  test.each([
    ['a MAC that was made up', `muster:v2:abcdef012345:${BATCH}:AAAAAAAAAAAAAAAA`],
    ['no MAC', `muster:v2:abcdef012345:${BATCH}`],
    ['an empty MAC', `muster:v2:abcdef012345:${BATCH}:`],
    ['another key', markerOf({ ...SIGNED, keys: [OTHER_KEY] }, BATCH)],
    [
      'the marker of another account',
      markerOf({ ...SIGNED, target: { ...TARGET, accountId: '444455556666' as AccountId } }, BATCH),
    ],
    [
      'the marker of another region',
      markerOf({ ...SIGNED, target: { ...TARGET, region: 'eu-west-2' as Region } }, BATCH),
    ],
    [
      'the MAC of another batch',
      `${markerOf(SIGNED, BATCH).slice(0, 49)}:${markerOf(SIGNED, aBatchId()).slice(50)}`,
    ],
    ['something behind it', `${markerOf(SIGNED, BATCH)}:x`],
    ['a version that no release knows', `muster:v3:abcdef012345:${BATCH}:x`],
  ])('%s is forged', (_, comment) => {
    expect(read(SIGNED, comment)).toEqual({ kind: 'forged' });
  });

  test('a marker that was copied into a later command is forged; clocks that differ by minutes are not', () => {
    const comment = markerOf(SIGNED, BATCH);

    expect(read(SIGNED, comment, AT_MS + 6 * MINUTE_MS)).toMatchObject({ isProven: true });
    expect(read(SIGNED, comment, AT_MS - 6 * MINUTE_MS)).toMatchObject({ isProven: true });
    expect(read(SIGNED, comment, AT_MS + 60 * MINUTE_MS)).toEqual({ kind: 'forged' });
  });

  test('an unsigned one counts, unproven, as long as workers without a key may have sent it', () => {
    const comment = markerOf(UNSIGNED, BATCH);

    expect(read(SIGNED, comment, AT_MS, AT_MS)).toEqual({ kind: 'ours', batchId: BATCH, isProven: false });
    expect(read(SIGNED, comment, AT_MS + 1, AT_MS)).toEqual({ kind: 'forged' });
  });
});

test('without a key every marker of the installation is taken for ours, and proves nothing', () => {
  const ours = { kind: 'ours', batchId: BATCH, isProven: false };

  expect(read(UNSIGNED, markerOf(UNSIGNED, BATCH))).toEqual(ours);
  expect(read(UNSIGNED, markerOf(SIGNED, BATCH))).toEqual(ours);
});

test.each([
  ['nothing', ''],
  ['a person’s comment', 'patch tuesday'],
  ['another installation', markerOf({ ...SIGNED, installation: '000000000000' }, BATCH)],
  ['something before it', ` ${markerOf(SIGNED, BATCH)}`],
])('%s is foreign', (_, comment) => {
  expect(read(SIGNED, comment)).toEqual({ kind: 'foreign' });
});

test.each([
  ['no batch', 'muster:v1:abcdef012345:'],
  ['a batch cut short', `muster:v1:abcdef012345:${BATCH.slice(0, 25)}`],
  ['something behind the batch', `muster:v1:abcdef012345:${BATCH} by hand`],
  ['letters that no ULID has', `muster:v1:abcdef012345:${'U'.repeat(26)}`],
  ['a time that no clock shows', `muster:v1:abcdef012345:${'Z'.repeat(26)}`],
])('%s is forged, with a key and without', (_, comment) => {
  expect(read(SIGNED, comment)).toEqual({ kind: 'forged' });
  expect(read(UNSIGNED, comment)).toEqual({ kind: 'forged' });
});
