import { expect, test } from 'vitest';
import { BYSTANDER_TEXTS, type BystanderKind, findBystander, writeBystanders } from './bystander-store.ts';
import { InstanceId } from '../organization/ids.ts';

function id(nth: number): InstanceId {
  return InstanceId.parse(`i-${nth.toString(16).padStart(17, '0')}`);
}

test('each kind is found again, and what was not written is not', () => {
  const kinds = Object.keys(BYSTANDER_TEXTS) as BystanderKind[];
  const text = writeBystanders(new Map(kinds.map((kind, nth) => [id(nth), kind])));

  expect(kinds.map((_, nth) => findBystander(text, id(nth)))).toEqual(kinds);
  expect(findBystander(text, id(99))).toBeNull();
  expect(findBystander('', id(0))).toBeNull();
  expect(findBystander('not what we write', id(0))).toBeNull();
});

test('a target with very many keeps a bounded number', () => {
  const many = new Map(Array.from({ length: 20_000 }, (_, nth) => [id(nth), 'unmatched'] as const));

  expect(writeBystanders(many).length).toBeLessThan(110_000);
});
