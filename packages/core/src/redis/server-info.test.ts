import { expect, test } from 'vitest';
import { requireHistory } from './server-info.ts';

test.each([['run_id'], ['master_replid']])('a Redis that tells its %s shows its restarts', (field) => {
  expect(() => {
    requireHistory(new Map([[field, 'abc']]));
  }).not.toThrow();
});

test('a Redis that tells no history is refused: a failover would go unseen', () => {
  expect(() => {
    requireHistory(new Map([['redis_version', '7.0.0']]));
  }).toThrow(expect.objectContaining({ code: 'config.unsafe' }) as Error);
});
