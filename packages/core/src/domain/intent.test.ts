import { aBatchId } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import type { BatchId } from './ids.ts';
import { batchOfMarker, markerOf } from './intent.ts';

const INSTALLATION = 'abcdef012345';
const BATCH = '01JD4Q7W8ZC2R6M3N5P9T0VXYB' as BatchId;

test('a marker names its batch, and fits into a comment', () => {
  const marker = markerOf(INSTALLATION, BATCH);

  expect(marker).toBe('muster:v1:abcdef012345:01JD4Q7W8ZC2R6M3N5P9T0VXYB');
  expect(marker.length).toBeLessThanOrEqual(100);
  expect(batchOfMarker(INSTALLATION, marker)).toBe(BATCH);
});

test.each([
  ['nothing', ''],
  ['a person’s comment', 'patch tuesday'],
  ['another installation', markerOf('000000000000', aBatchId())],
  ['another version', `muster:v2:${INSTALLATION}:${BATCH}`],
  ['no batch', `muster:v1:${INSTALLATION}:`],
  ['a batch cut short', `muster:v1:${INSTALLATION}:${BATCH.slice(0, 25)}`],
  ['something behind it', `muster:v1:${INSTALLATION}:${BATCH} by hand`],
  ['something before it', ` muster:v1:${INSTALLATION}:${BATCH}`],
  ['letters that no ULID has', `muster:v1:${INSTALLATION}:${'U'.repeat(26)}`],
])('%s is not ours', (_what, comment) => {
  expect(batchOfMarker(INSTALLATION, comment)).toBeNull();
});
