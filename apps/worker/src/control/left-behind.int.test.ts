import { createClock } from '@muster/core/runtime/clock';
import { eventually } from '@muster/testing/eventually';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { createLeftBehindReport } from './left-behind.ts';

const bench = useLedgerBench();
const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

test('jobs of a newer release that no worker takes are one finding', async () => {
  const { ledger } = bench.create();
  const report = createLeftBehindReport({ control: ledger.control, clock: createClock(), log });

  report.tell('dance');
  report.tell('sing');
  report.tell('dance');

  const [finding] = await eventually('it is told', async () => {
    const found = await ledger.control.findings();
    return found.some(({ message }) => message.includes('dance, sing')) ? found : null;
  });
  expect(finding).toMatchObject({ kind: 'jobs-of-newer-release', scope: 'all' });
  await ledger.control.clear('jobs-of-newer-release', 'all');
});

test('it ends by itself when no such job has come for long, though the worker that told it is gone', async () => {
  const one = bench.create();
  const other = one.another();
  const tell = (job: string) =>
    createLeftBehindReport({ control: one.ledger.control, clock: createClock(), log, quietMs: 400 }).tell(
      job,
    );

  tell('dance');
  await eventually('another process shows it', async () => (await other.control.findings()).length === 1);
  await eventually('it has ended', async () => (await other.control.findings()).length === 0, 5_000);

  const nowMs = Date.now();
  tell('sing');
  const [again] = await eventually('it is told anew, as a new one', async () => {
    const found = await other.control.findings();
    return found.length > 0 ? found : null;
  });
  expect(again?.message).not.toContain('dance');
  expect(again?.sinceMs).toBeGreaterThanOrEqual(nowMs);
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
});
