import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeShapeFaults } from './shape-faults.ts';

const Shape = z.strictObject({ target: z.string(), limit: z.int().optional() });

function faultsOf(value: unknown): string {
  const parsed = Shape.safeParse(value);
  if (parsed.success) throw new Error('it fits');
  return describeShapeFaults(parsed.error);
}

test('each fault has its place', () => {
  expect(faultsOf({ target: 5, limit: 'many' })).toMatch(/^target: .*string.*; limit: .*number/);
});

test('a key that is not ours is counted and never repeated, whatever its length', () => {
  const text = faultsOf({ target: 'a', ['x'.repeat(15_000)]: '1', y: '2' });

  expect(text).toBe('2 keys too many');
});

test('of many faults the first are told', () => {
  const Many = z.array(z.string());
  const parsed = Many.safeParse(Array.from({ length: 5_000 }, (_, at) => at));

  expect(describeShapeFaults(parsed.error ?? { issues: [] })).toMatch(/^0: .*; and 4995 more$/);
});
