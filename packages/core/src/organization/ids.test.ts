import {
  aBatchId,
  aCommandId,
  anAccountId,
  anInstanceId,
  aMatcherKey,
  aTarget,
} from '@muster/testing/builders';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { AccountId, BatchId, CommandId, InstanceId, MatcherKey, Region } from './ids.ts';
import { parseTargetId, targetId } from './target.ts';

test.each<[string, z.ZodType, readonly string[], readonly string[]]>([
  [
    'AccountId',
    AccountId,
    [anAccountId(), '000000000001'],
    ['1', '1111222233334', '11112222333a', ' 111122223333', ''],
  ],
  [
    'Region',
    Region,
    ['eu-west-1', 'us-gov-east-1', 'cn-north-1', 'ap-southeast-7'],
    ['EU-WEST-1', 'eu', 'eu_west_1', 'eu-west-1 ', 'a.b', 'eu-west-1\n', ''],
  ],
  [
    'InstanceId',
    InstanceId,
    [anInstanceId(), 'i-0123abcd'],
    ['i-0123abc', 'mi-0123456789abcdef0', 'i-0123456789ABCDEF0', 'i-0123abcd\n'],
  ],
  [
    'CommandId',
    CommandId,
    [aCommandId(), 'ef7fdfd8-9b57-4151-a15c-db9a12345678'],
    ['x', 'EF7FDFD8-9B57-4151-A15C-DB9A12345678', ''],
  ],
  [
    'BatchId',
    BatchId,
    [aBatchId(), '01JD4Q7W8ZC2R6M3N5P9T0VXYB'],
    ['01JD4Q7W8ZC2R6M3N5P9T0VXY', 'U1JD4Q7W8ZC2R6M3N5P9T0VXYB', '01jd4q7w8zc2r6m3n5p9t0vxyb'],
  ],
  ['MatcherKey', MatcherKey, [aMatcherKey(255)], ['ff', 'FF00000000000000', '']],
])('%s takes what it should and nothing else', (_name, schema, good, bad) => {
  const takes = (text: string) => schema.safeParse(text).success;

  expect(good.filter((text) => !takes(text))).toEqual([]);
  expect(bad.filter(takes)).toEqual([]);
});

test('a target as one word reads back as the target', () => {
  const target = aTarget(3, 'us-gov-east-1');

  expect(targetId(target)).toBe('100000000003.us-gov-east-1');
  expect(parseTargetId(targetId(target))).toEqual(target);
});

test.each([
  '',
  '.',
  'eu-west-1',
  '100000000000',
  '100000000000.',
  '1.eu-west-1',
  '100000000000.*',
  '100000000000.eu-west-1.x',
])('"%s" is no target', (text) => {
  expect(() => parseTargetId(text)).toThrow('invalid_format');
});
