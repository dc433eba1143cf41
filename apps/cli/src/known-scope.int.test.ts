import { InstanceId } from '@muster/core/organization/ids';
import type { Scope } from '@muster/core/control/control';
import { aCoverage, aTarget, NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { EXIT } from './exit-codes.ts';
import { requireKnownScope, unknownCause } from './known-scope.ts';

const bench = useLedgerBench();

/** A ledger that knows one account in one region. */
async function known() {
  const { ledger } = bench.create();
  const { accountId, region } = aTarget();
  await ledger.coverage.putAccounts([{ accountId, name: 'a', state: 'ACTIVE', ancestorIds: [] }]);
  await ledger.coverage.putRegions(accountId, [region], NOW_MS);
  await ledger.coverage.put(aTarget(), aCoverage());
  return { ledger, accountId, region };
}

test('what is known is accepted, and all', async () => {
  const { ledger, accountId, region } = await known();

  for (const scope of ['all', `account:${accountId}`, `region:${region}`] as const) {
    await expect(requireKnownScope(ledger, scope)).resolves.toBeUndefined();
  }
});

test.each([
  ['account:100000000009', 'did you mean 100000000000?'],
  ['region:eu-west-9', 'did you mean eu-west-1?'],
  ['region:ap-southeast-2', 'muster coverage lists'],
  ['instance:i-0123456789abcdef0', 'no scan has seen'],
] as const)('%s is refused with exit code 64 and a hint', async (scope, hint) => {
  const { ledger } = await known();

  await expect(requireKnownScope(ledger, scope as Scope)).rejects.toMatchObject({
    exitCode: EXIT.usage,
    message: expect.stringContaining(hint) as string,
  });
});

test('before the first listing nothing is known, and the way to stop all the same is named', async () => {
  const { ledger } = bench.create();

  await expect(requireKnownScope(ledger, 'account:100000000000' as Scope)).rejects.toMatchObject({
    message: expect.stringContaining('muster pause --all') as string,
  });
});

test('a pause whose scope has vanished is accepted for its end alone', async () => {
  const { ledger } = await known();
  const scope = `instance:${InstanceId.parse('i-0123456789abcdef0')}` as const;
  await ledger.control.pause({ scope, atMs: NOW_MS, by: 'operator', reason: '' });

  await expect(requireKnownScope(ledger, scope, true)).resolves.toBeUndefined();
  await expect(requireKnownScope(ledger, scope)).rejects.toMatchObject({ exitCode: EXIT.usage });
});

test('a cause that is none is refused with the nearest', () => {
  expect(unknownCause('host-disk-ful')).toMatchObject({
    exitCode: EXIT.usage,
    message: expect.stringContaining('did you mean host-disk-full?') as string,
  });
});
