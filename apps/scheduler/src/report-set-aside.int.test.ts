import type { Region } from '@muster/core/organization/ids';
import { aCoverage, anAccountId } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { reportSetAside } from './recurring-findings.ts';
import type { Ledger } from '@muster/core/control/ledger';

const bench = useLedgerBench();

const ACCOUNT = anAccountId();
const [HERE, THERE] = (['eu-west-1', 'us-east-1'] as Region[]).map((region) => ({
  accountId: ACCOUNT,
  region,
})) as [{ accountId: typeof ACCOUNT; region: Region }, { accountId: typeof ACCOUNT; region: Region }];

/** Two targets that were read before anything was set aside. */
async function readTargets({ coverage }: Ledger): Promise<void> {
  await coverage.putAccounts([
    { accountId: ACCOUNT, name: 'shop', state: 'ACTIVE', ancestorIds: ['r-ab12'] },
  ]);
  await coverage.putRegions(ACCOUNT, [HERE.region, THERE.region], 1);
  for (const target of [HERE, THERE]) await coverage.put(target, readAt(100));
}

function readAt(atMs: number): ReturnType<typeof aCoverage> {
  return aCoverage({ status: 'complete', attemptedAtMs: atMs, completeAtMs: atMs });
}

test('the finding about what could not be read counts what is left, and goes when nothing is', async () => {
  const { ledger } = bench.create();
  await readTargets(ledger);
  await ledger.setAside.note(HERE, ['i-0a'], 1_000);
  await ledger.setAside.note(THERE, ['i-0b', 'i-0c'], 1_000);

  await reportSetAside(ledger, 2_000);
  const [both] = await ledger.control.findings();
  await ledger.coverage.put(HERE, readAt(3_000));
  await reportSetAside(ledger, 4_000);
  const [one] = await ledger.control.findings();
  await ledger.coverage.put(THERE, readAt(5_000));
  await reportSetAside(ledger, 6_000);

  expect(both).toMatchObject({ kind: 'ledger-unreadable', scope: 'all', sinceMs: 2_000 });
  expect(both?.message).toMatch(/^3 records of 2 targets/);
  expect(one?.message).toMatch(/^2 records of 1 target/);
  expect(one?.sinceMs).toBe(2_000);
  expect(await ledger.control.findings()).toEqual([]);
  expect(await ledger.setAside.all()).toEqual([]);
});
