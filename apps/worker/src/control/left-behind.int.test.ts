import { createClock } from '@muster/core/runtime/clock';
import { eventually } from '@muster/testing/eventually';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { createLeftBehindReport } from './left-behind.ts';

const bench = useLedgerBench();
const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const QUIET_MS = 600_000;

/** A clock whose minutes are milliseconds. */
const hasty = {
  now: () => Date.now(),
  after: (ms: number, action: () => void) => createClock().after(ms / 1_000, action),
};

test('jobs of a newer release that no worker takes are one finding, which ends when none has come for ten minutes', async () => {
  const { ledger } = bench.create();
  const report = createLeftBehindReport({ control: ledger.control, clock: hasty, log });

  report.tell('dance');
  report.tell('sing');
  report.tell('dance');

  const [finding] = await eventually('it is told', async () => {
    const found = await ledger.control.findings();
    return found.some(({ message }) => message.includes('dance, sing')) ? found : null;
  });
  expect(finding).toMatchObject({ kind: 'jobs-of-newer-release', scope: 'all' });
  await eventually(
    'it has ended',
    async () => (await ledger.control.findings()).length === 0,
    QUIET_MS / 100,
  );
});

test('a name that another client gave a job is told plain, short, and beside four others at most', async () => {
  const { ledger } = bench.create();
  const report = createLeftBehindReport({ control: ledger.control, clock: createClock(), log });

  for (let n = 0; n < 20; n += 1) report.tell(`${n}\u001b[2J${'x'.repeat(200)}`);

  const [finding] = await eventually('all are told', async () => {
    const found = await ledger.control.findings();
    return found.length > 0 ? found : null;
  });
  expect(finding?.message).toContain('0??2J');
  expect(finding?.message.length).toBeLessThan(500);
  report.close();
});
