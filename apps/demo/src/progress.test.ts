import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import { expect, test } from 'vitest';
import { ProgressDisplay } from './progress.ts';

/** Counts that are as long as those of a demo with hosts in every state. */
const BY_STATE = {
  joined: 12_345,
  installing: 1_234,
  installed: 1_234,
  queued: 1_234,
  ineligible: 123,
  failed: 12,
  lost: 1,
};
const STATUS = {
  sweep: { accounts: { total: 20, denied: 1 }, targets: { total: 80, pending: 40 } },
  instances: { total: 16_183, byState: BY_STATE },
  commands: { sent: 1_234, live: 56 },
} as unknown as OrganizationStatus;

/** How the display begins to erase lines above: a count follows. */
const ERASE = '\u001B[';

/** What a terminal of so many columns shows after these writes, as rows: it breaks longer lines. */
function screenOf(writes: readonly string[], columns: number): readonly string[] {
  const rows: string[] = [];
  for (const text of writes) {
    if (text.startsWith(ERASE)) {
      rows.splice(Math.max(0, rows.length - Number.parseInt(text.slice(ERASE.length), 10)));
    } else {
      for (const line of text.replace(/\n$/, '').split('\n')) {
        for (let at = 0; at === 0 || at < line.length; at += columns) rows.push(line.slice(at, at + columns));
      }
    }
  }
  return rows;
}

test.each([80, 40])('a terminal of %i columns shows one block, however often it is drawn', (columns) => {
  const writes: string[] = [];
  const stream = { isTTY: true, columns, write: (text: string) => writes.push(text) > 0 };
  const display = new ProgressDisplay(stream as unknown as NodeJS.WriteStream);

  for (let second = 0; second < 5; second += 1) display.update(STATUS, second * 1_000);

  expect(screenOf(writes, columns)).toHaveLength(5);
  display.clear();
  expect(screenOf(writes, columns)).toEqual([]);
});
