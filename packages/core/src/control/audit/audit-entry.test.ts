import { expect, test } from 'vitest';
import {
  type AuditNote,
  lineOfEntry,
  NO_ENTRY_BEFORE,
  readEntry,
  readLine,
  sealEntry,
} from './audit-entry.ts';
import { type ChainLink, verifyChain } from './verify-chain.ts';

const NOTE: AuditNote = {
  by: { name: 'ann', kind: 'user', role: 'operator' },
  from: '192.0.2.7',
  act: 'retry',
  scope: 'all',
  dryRun: { accounts: 3, hosts: 17 },
  basis: 'plan 01J',
  result: 'done',
  detail: '17 hosts',
  reason: '',
};

function chainOf(count: number, note: AuditNote = NOTE): readonly ChainLink[] {
  const links: ChainLink[] = [];
  let prev = NO_ENTRY_BEFORE;
  for (let seq = 1; seq <= count; seq += 1) {
    const sealed = sealEntry(note, { seq, atMs: seq, prev });
    links.push({ place: `${seq}`, sealed });
    prev = sealed.hash;
  }
  return links;
}

test('a line of the export is read back as the very same text, whatever an entry says', () => {
  const texts = ['","hash":"' + 'a'.repeat(64) + '"}', '\u2028\n\\"}', '𝕏'.repeat(400), '__proto__'];
  for (const reason of texts) {
    const sealed = sealEntry({ ...NOTE, reason, detail: reason }, { seq: 1, atMs: 1, prev: NO_ENTRY_BEFORE });

    const line = lineOfEntry(sealed);

    expect(readLine(line)).toEqual(sealed);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({ act: 'retry', hash: sealed.hash });
  }
});

test('texts of any length leave an entry under 10 KB, and no half character', () => {
  const long = '𝕏'.repeat(100_000);
  const note = {
    ...NOTE,
    by: { ...NOTE.by, name: long },
    from: long,
    scope: long,
    detail: long,
    reason: long,
  };

  const { text, hash } = sealEntry({ ...note, basis: long }, { seq: 1, atMs: 1, prev: NO_ENTRY_BEFORE });

  expect(Buffer.byteLength(text)).toBeLessThan(10_000);
  expect(text).not.toMatch(/\\ud[89a-f]/);
  expect(readEntry(text, hash)?.reason.endsWith('…')).toBe(true);
});

test('acts and results of a newer release are kept as they are', () => {
  const { text } = sealEntry(NOTE, { seq: 1, atMs: 1, prev: NO_ENTRY_BEFORE });
  const newer = text
    .replace('"retry"', '"quarantine"')
    .replace('"done"', '"half-done"')
    .replace('}', ',"x":1}');

  expect(readEntry(newer, 'a'.repeat(64))).toMatchObject({ act: 'quarantine', result: 'half-done' });
});

test('a chain that begins anew after a loss of Redis holds, and is told of', async () => {
  const links = [...chainOf(3), ...chainOf(2, { ...NOTE, act: 'pause' })];

  expect(await verifyChain(links)).toMatchObject({ entries: 5, begunAnew: ['1'], lastSeq: 2, fault: null });
});

test.each([
  ['is repeated', [0, 1, 1], 'it is number 2, and stands after number 2'],
  ['is missing', [0, 2], 'entries 2 to 2 are missing before it'],
  ['stands in another order', [1, 0, 2], 'entries 2 to 2 are missing before it'],
])('a chain in which an entry %s does not hold', async (_, order, why) => {
  const links = chainOf(3);

  const verdict = await verifyChain(order.flatMap((n) => links[n] ?? []));

  expect(verdict.fault?.why).toBe(why);
});

test('an entry that was made again with another content does not fit the one after it', async () => {
  const links = chainOf(3);
  const forged = sealEntry(
    { ...NOTE, by: { ...NOTE.by, name: 'eve' } },
    {
      seq: 2,
      atMs: 2,
      prev: links[0]?.sealed?.hash ?? '',
    },
  );

  const verdict = await verifyChain(links.map((link, n) => (n === 1 ? { ...link, sealed: forged } : link)));

  expect(verdict.fault).toEqual({ place: '3', why: 'it does not name the hash of the entry before it' });
});
