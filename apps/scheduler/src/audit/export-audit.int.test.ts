import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditNote } from '@muster/core/control/audit/audit-entry';
import { fileOfDay, linksOfFiles, listFiles } from '@muster/core/control/audit/audit-file-store';
import { verifyChain } from '@muster/core/control/audit/verify-chain';
import { recordingLog } from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAuditExport } from './export-audit.ts';

const bench = useLedgerBench();
const NOW_MS = Date.parse('2026-11-29T12:00:00Z');
const DAY_MS = 86_400_000;

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-audit-'));
  file = join(folder, 'logs', 'audit.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const NOTE: AuditNote = {
  by: { name: 'ann', kind: 'cli', role: null },
  from: 'cli@desk',
  act: 'pause',
  scope: 'all',
  dryRun: null,
  basis: null,
  result: 'done',
  detail: '',
  reason: '',
};

function settings(about: { readonly keepDays?: number; readonly log?: boolean } = {}) {
  return { file, keepDays: 400, log: false, ...about };
}

function scheduler(one: TestLedger, holder: string) {
  const log = recordingLog();
  let counter = 0;
  const clock = {
    now: () => one.time.now(),
    monotonicMs: () => counter,
    advance: (ms: number) => {
      counter += ms;
    },
  };
  return { log, clock, export: createAuditExport({ ledger: one.ledger, clock, log, holder }) };
}

async function append(one: TestLedger, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await one.ledger.audit.append(NOTE);
}

async function verdict() {
  return verifyChain(linksOfFiles((await listFiles(file)).map(({ path }) => path)));
}

test('each entry is a line of the file of its day, and the chain goes on from file to file', async () => {
  const one = bench.create();
  const { export: tick } = scheduler(one, 'a/1');
  one.time.hold(NOW_MS);
  await append(one, 3);
  await tick(settings());
  one.time.advance(DAY_MS);
  await append(one, 2);

  await tick(settings());
  await tick(settings());

  expect((await listFiles(file)).map(({ day }) => day)).toEqual(['2026-11-29', '2026-11-30']);
  expect(await verdict()).toMatchObject({ entries: 5, firstSeq: 1, lastSeq: 5, fault: null });
});

test('a server of Redis that takes over at midnight and is minutes behind breaks no chain', async () => {
  const one = bench.create();
  const { export: tick } = scheduler(one, 'a/1');
  one.time.hold(Date.parse('2026-11-30T00:01:00Z'));
  await append(one, 1);
  one.time.hold(Date.parse('2026-11-29T23:58:00Z'));
  await append(one, 1);
  one.time.hold(Date.parse('2026-11-30T00:02:00Z'));
  await append(one, 1);

  await tick(settings());

  expect((await listFiles(file)).map(({ day }) => day)).toEqual(['2026-11-30']);
  expect(await verdict()).toMatchObject({ entries: 3, fault: null });
});

test('a scheduler killed after it wrote and before it noted it is followed without a gap and without a double', async () => {
  const one = bench.create();
  one.time.hold(NOW_MS);
  await append(one, 5);
  const first = scheduler(one, 'a/1');
  await first.export(settings());
  // As if it had been killed after three entries were on disk, the last of them torn, and one was noted.
  const path = fileOfDay(file, '2026-11-29');
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  await writeFile(path, `${lines.slice(0, 3).join('\n')}\n${lines[3]?.slice(0, 40)}`);
  const [noted] = await one.ledger.audit.after('', 1);
  await one.redis.set(one.keys.auditExported, noted?.id ?? '');
  await one.redis.del(one.keys.auditWriter);
  await append(one, 2);

  await scheduler(one, 'b/2').export(settings());

  expect(await verdict()).toMatchObject({ entries: 7, firstSeq: 1, lastSeq: 7, fault: null });
});

test('one scheduler writes, and another one takes over when its lease has ended', async () => {
  const one = bench.create();
  await append(one, 2);
  const [a, b] = [scheduler(one, 'a/1'), scheduler(one, 'b/2')];

  await Promise.all([a.export(settings()), b.export(settings())]);
  const before = await verdict();
  await append(one, 2);
  await one.redis.del(one.keys.auditWriter);
  await b.export(settings());
  await a.export(settings());

  expect(before).toMatchObject({ entries: 2, fault: null });
  expect(await verdict()).toMatchObject({ entries: 4, fault: null });
});

test('files of days that are over for long enough are deleted, and no other file is', async () => {
  const one = bench.create();
  const { export: tick, clock } = scheduler(one, 'a/1');
  one.time.hold(NOW_MS);
  await append(one, 1);
  await tick(settings({ keepDays: 7 }));
  const others = ['audit.jsonl', 'audit-notes.jsonl', 'audit-2026-11-01.txt'];
  for (const name of others) await writeFile(join(folder, 'logs', name), '');
  for (const day of ['2026-11-21', '2026-11-22']) await writeFile(fileOfDay(file, day), '');

  clock.advance(3_600_000);
  one.time.advance(3_600_000);
  await tick(settings({ keepDays: 7 }));

  expect((await readdir(join(folder, 'logs'))).toSorted()).toEqual(
    ['audit-2026-11-22.jsonl', 'audit-2026-11-29.jsonl', ...others].toSorted(),
  );
});

test('a file that cannot be written is a finding, another scheduler may try, and nothing is left out later', async () => {
  const one = bench.create();
  await append(one, 1);
  await writeFile(join(folder, 'logs'), 'a file where the folder should be');
  const { export: tick, clock } = scheduler(one, 'a/1');

  await tick(settings());
  const raised = await one.ledger.control.raised(['audit-not-exported'], 'all');
  const holder = await one.redis.get(one.keys.auditWriter);
  await rm(join(folder, 'logs'));
  await append(one, 1);
  clock.advance(60_000);
  await tick(settings());

  expect(raised.size).toBe(1);
  expect(holder).toBeNull();
  expect((await one.ledger.control.raised(['audit-not-exported'], 'all')).size).toBe(0);
  expect(await verdict()).toMatchObject({ entries: 2, fault: null });
});

test('the log has each entry once, and without file and log no scheduler exports', async () => {
  const one = bench.create();
  await append(one, 3);
  const { export: tick, log } = scheduler(one, 'a/1');

  await tick({ file: null, keepDays: 400, log: false });
  const before = log.lines.length;
  await tick({ file: null, keepDays: 400, log: true });
  await tick({ file: null, keepDays: 400, log: true });

  expect(before).toBe(0);
  expect(log.lines.filter(({ message }) => message === 'audit')).toHaveLength(3);
});

test('a changed, a missing and an added line are each named', async () => {
  const one = bench.create();
  one.time.hold(NOW_MS);
  await append(one, 3);
  await scheduler(one, 'a/1').export(settings());
  const path = fileOfDay(file, '2026-11-29');
  const text = await readFile(path, 'utf8');

  await writeFile(path, text.replace('"ann"', '"bob"'));
  const changed = await verdict();
  await writeFile(path, text.split('\n').toSpliced(1, 1).join('\n'));
  const missing = await verdict();
  await writeFile(path, text);
  await appendFile(path, 'not an entry\n');
  const added = await verdict();
  await truncate(path, 0);

  expect(changed.fault?.place).toBe(`${path} line 1`);
  expect(missing.fault).toEqual({ place: `${path} line 2`, why: 'entries 2 to 2 are missing before it' });
  expect(added.fault).toEqual({ place: `${path} line 4`, why: 'it is no entry of an audit' });
});
