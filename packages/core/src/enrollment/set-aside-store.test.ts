import { expect, test } from 'vitest';
import { AccountId, Region } from '../organization/ids.ts';
import { findingOfSetAside, type SetAside } from './set-aside-store.ts';

function ofTarget(n: number, records: number): SetAside {
  const target = { accountId: AccountId.parse(`${111_122_223_000 + n}`), region: Region.parse('eu-west-1') };
  return { target, records, examples: [`i-0000000${n}`], atMs: 1 };
}

test('one finding counts the records and the targets, and names a few', () => {
  const few = findingOfSetAside([ofTarget(1, 1)], 5);
  const many = findingOfSetAside(
    Array.from({ length: 400 }, (_, n) => ofTarget(n, 3)),
    5,
  );

  expect(few).toMatchObject({ kind: 'ledger-unreadable', scope: 'all', sinceMs: 5 });
  expect(few.message).toMatch(/^1 record of 1 target in Redis .*i-00000001 of 111122223001/);
  expect(many.message).toMatch(/^1200 records of 400 targets .* and 395 more targets\./);
  expect(many.message.length).toBeLessThan(600);
});
