import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { isJobError } from '../runtime/errors.ts';
import {
  type AnyJob,
  dedupeIdOf,
  defineJob,
  type Handlers,
  type PayloadOf,
  type ResultOf,
} from './define-job.ts';

const scan = defineJob({
  name: 'scan',
  version: 1,
  queue: 'discovery',
  payload: z.strictObject({ region: z.string() }),
  result: z.strictObject({ seen: z.int() }),
  partsOf: ({ region }) => [region],
  due: null,
  timeoutMs: 1_000,
});
const tick = defineJob({
  name: 'tick',
  version: 1,
  queue: 'inventory',
  payload: z.strictObject({}),
  result: z.null(),
  partsOf: () => [],
  due: null,
  timeoutMs: 1_000,
});

test('a dedupe id is the name and the parts, joined by dots', () => {
  expect(dedupeIdOf(scan, { region: 'eu-west-1' })).toBe('scan.eu-west-1');
  expect(dedupeIdOf(tick, {})).toBe('tick');
});

test.each(['arn:aws:ec2', '', 'a b'])('a part "%s" is refused in an id', (region) => {
  expect(() => dedupeIdOf(scan, { region })).toThrow(
    expect.toSatisfy((error) => isJobError(error, 'bug.unknown')) as Error,
  );
});

test('types follow from the schemas, and any contract is an AnyJob', () => {
  expectTypeOf<PayloadOf<typeof scan>>().toEqualTypeOf<{ region: string }>();
  expectTypeOf<ResultOf<typeof scan>>().toEqualTypeOf<{ seen: number }>();
  expectTypeOf(scan.name).toEqualTypeOf<'scan'>();
  expectTypeOf(scan).toExtend<AnyJob>();
});

test('a missing, a foreign or a wrong handler does not compile', () => {
  type Jobs = typeof scan | typeof tick;
  const done = async (): Promise<{ seen: number }> => ({ seen: 1 });

  const complete: Handlers<Jobs, 'discovery'> = { scan: done };
  // @ts-expect-error missing
  const missing: Handlers<Jobs, 'discovery'> = {};
  // @ts-expect-error belongs to another queue
  const foreign: Handlers<Jobs, 'discovery'> = { scan: done, tick: done };
  // @ts-expect-error a result of another shape
  const wrong: Handlers<Jobs, 'inventory'> = { tick: done };

  expect([complete, missing, foreign, wrong]).toHaveLength(4);
});
