import { aCoverage, aTarget, NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { faultOfScope } from './known-scope.ts';
import { ALL, parseScope, type Scope, type ScopeText } from './scope.ts';

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

function scope(text: string): Scope {
  const parsed = parseScope(text);
  if (parsed === null) throw new Error(`${text} is no scope`);
  return parsed;
}

test('what is known is accepted, and all', async () => {
  const { ledger, accountId, region } = await known();

  for (const one of [ALL, scope(`account:${accountId}`), scope(`region:${region}`)]) {
    expect(await faultOfScope(ledger, one)).toBeNull();
  }
});

test.each([
  ['account:100000000009', 'did you mean 100000000000?'],
  ['region:eu-west-9', 'did you mean eu-west-1?'],
  ['region:ap-southeast-2', 'muster coverage lists'],
  ['instance:i-0123456789abcdef0', 'no scan has seen'],
  ['cause:host-disk-ful', 'did you mean host-disk-full?'],
  ['cause:of-tomorrow', 'there is no such cause'],
])('%s is refused with a hint', async (text, hint) => {
  const { ledger } = await known();

  expect(await faultOfScope(ledger, scope(text))).toContain(hint);
});

test('before the first listing nothing is known, and the way to stop all the same is named', async () => {
  const { ledger } = bench.create();

  expect(await faultOfScope(ledger, scope('account:100000000000'))).toContain('muster pause --all');
});

test('a pause whose scope has vanished is accepted for its end alone', async () => {
  const { ledger } = await known();
  const text = 'instance:i-0123456789abcdef0' as ScopeText;
  await ledger.control.pause({ scope: text, atMs: NOW_MS, by: 'operator', reason: '' });

  expect(await faultOfScope(ledger, scope(text), true)).toBeNull();
  expect(await faultOfScope(ledger, scope(text))).toContain('no scan has seen');
});
