import type { AuditLedger } from '@muster/core/control/audit/audit-store';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { createAuditView } from './audit-view.ts';

const bench = useLedgerBench();

async function note(audit: AuditLedger): Promise<void> {
  await audit.append({
    by: { name: 'ann', kind: 'cli', role: null },
    from: 'cli@desk',
    act: 'pause',
    scope: 'all',
    dryRun: null,
    basis: null,
    result: 'done',
    detail: '',
    reason: '',
  });
}

test('an entry that comes while the audit is read has none of it read again', async () => {
  const { audit } = bench.create().ledger;
  await note(audit);
  const readFrom: string[] = [];
  const busy: AuditLedger = {
    ...audit,
    after: (id, limit) => {
      readFrom.push(id);
      return audit.after(id, limit);
    },
    bounds: async () => {
      await note(audit);
      return audit.bounds();
    },
  };
  const view = createAuditView(busy);

  const first = await view.read();
  const second = await view.read();

  expect(readFrom.filter((id) => id === '')).toHaveLength(1);
  expect(first.rows).toHaveLength(2);
  expect(second.rows).toHaveLength(4);
  expect(second.verdict.fault).toBeNull();
});
