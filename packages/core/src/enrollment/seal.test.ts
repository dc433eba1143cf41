import { aBatchId, aCommandId, aMatcherKey, aRecord, aTarget } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { BROKEN_SEAL, sealOf, sealStateOf } from './seal.ts';

const KEYS = [{ reveal: () => '0123456789abcdef'.repeat(4) }];
const TARGET = aTarget();
const VALUE = aRecord('installing');
const SEALED = { version: 7, value: VALUE, seal: sealOf(KEYS, TARGET, { version: 7, value: VALUE }) };

test('a record that lies as it was written is well sealed, and costs a record sixteen characters', () => {
  expect(sealStateOf(KEYS, TARGET, SEALED)).toBe('good');
  expect(SEALED.seal).toHaveLength(16);
});

test.each([
  ['another version', { ...SEALED, version: 8 }],
  ['another state', { ...SEALED, value: aRecord('queued') }],
  ['another matcher', { ...SEALED, value: { ...VALUE, matcherKey: aMatcherKey(9) } }],
  ['another batch', { ...SEALED, value: { ...VALUE, batchId: aBatchId(9) } }],
  ['another command', { ...SEALED, value: { ...VALUE, commandId: aCommandId(9) } }],
  ['a seal that was broken before', { ...SEALED, seal: BROKEN_SEAL }],
])('%s: the seal is wrong', (_, record) => {
  expect(sealStateOf(KEYS, TARGET, record)).toBe('wrong');
});

test('the record of another target, or another instance, does not fit', () => {
  expect(sealStateOf(KEYS, aTarget(1), SEALED)).toBe('wrong');
  expect(sealStateOf(KEYS, aTarget(0, 'us-east-1'), SEALED)).toBe('wrong');
});

test('a missing seal is absent, and without a key no seal is made or checked', () => {
  expect(sealStateOf(KEYS, TARGET, { version: 7, value: VALUE })).toBe('absent');
  expect(sealStateOf([], TARGET, { ...SEALED, seal: BROKEN_SEAL })).toBe('good');
  expect(sealOf([], TARGET, SEALED)).toBe('');
});
