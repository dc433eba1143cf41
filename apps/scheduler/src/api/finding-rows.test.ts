import { expect, test } from 'vitest';
import type { Finding, Pause } from '@muster/core/control/findings';
import type { Snapshot } from '../http/snapshot.ts';
import { rowsOfFindings } from './finding-rows.ts';

function finding(kind: Finding['kind'], sinceMs: number, scope = 'all'): Finding {
  return { kind, scope, sinceMs, message: `${kind}.`, remedy: 'Mend it.' };
}

function pause(scope: Pause['scope'], by: Pause['by'], reason = ''): Pause {
  return { scope, atMs: 500, by, reason };
}

const UNKNOWN = { hourAgo: null, dayAgo: null };

/** Rows without causes of hosts and without mutes. */
function rowsOf(findings: readonly Finding[], pauses: readonly Pause[]) {
  const status = { instances: { total: 0, byState: {}, byCause: {} }, outputs: [] };
  const rest = { status, mutes: new Map(), trendOf: () => UNKNOWN } as unknown as Snapshot;
  return rowsOfFindings({ ...rest, findings, pauses });
}

test('what stops sending comes first, then the most urgent, then the oldest', () => {
  const items = rowsOf(
    [finding('config-skew', 1), finding('hold-first-send', 900), finding('inventory-drop', 800)],
    [pause('all', 'operator')],
  );

  expect(items.map(({ kind, stopsSending }) => [kind, stopsSending])).toEqual([
    ['inventory-drop', true],
    ['paused', true],
    ['hold-first-send', true],
    ['config-skew', false],
  ]);
});

test('a pause says who made it, why, and the command that ends it', () => {
  const [item] = rowsOf([], [pause('region:eu-west-1' as Pause['scope'], 'operator', 'release day')]);

  expect(item).toMatchObject({
    message: 'An operator paused sending: release day',
    remedy: 'When it may go on, run: muster resume --region eu-west-1',
  });
});

test('a pause of the brake is told once, by its finding', () => {
  const scope = 'account:111122223333' as Pause['scope'];

  const items = rowsOf([finding('brake-engaged', 1, scope)], [pause(scope, 'brake')]);

  expect(items.map(({ kind }) => kind)).toEqual(['brake-engaged']);
});

test('a pause of the brake whose finding is gone is still told', () => {
  const [item] = rowsOf([], [pause('all', 'brake', '60 % of the last 20 installs failed')]);

  expect(item?.message).toBe('The brake paused sending: 60 % of the last 20 installs failed');
  expect(item?.remedy).toContain('muster resume --all');
});

function rowsOfCauses(
  byCause: Readonly<Record<string, number>>,
  trendOf: Snapshot['trendOf'] = () => UNKNOWN,
) {
  const status = { instances: { total: 0, byState: {}, byCause }, outputs: [] };
  const rest = { status, mutes: new Map(), trendOf } as unknown as Snapshot;
  return rowsOfFindings({ ...rest, findings: [], pauses: [] }, new Map([['ec2-join-failure', 3]]));
}

test('a row says what an order would end, and none where each scan looks again by itself', () => {
  const rows = [
    ...rowsOf(
      [finding('wave-unapproved', 1, 'wave:eu'), finding('config-skew', 1)],
      [pause('all', 'operator')],
    ),
    ...rowsOfCauses({ 'ec2-join-failure': 4, 'ec2-ssm-unsupported-os': 2 }),
  ];

  expect(Object.fromEntries(rows.map(({ kind, act }) => [kind, act]))).toEqual({
    'wave-unapproved': 'approve',
    'config-skew': null,
    paused: 'resume',
    'cause:ec2-join-failure': 'retry',
    'cause:ec2-ssm-unsupported-os': null,
  });
});

test('hosts of a cause have their accounts, and a trend where history reaches back', () => {
  const byCause = { 'ec2-join-failure': 4 };

  expect(rowsOfCauses(byCause, () => ({ hourAgo: 7, dayAgo: null }))).toMatchObject([
    { hosts: 4, accounts: 3, trend: { hourAgo: 7, dayAgo: null } },
  ]);
  expect(rowsOfCauses(byCause)).toMatchObject([{ trend: null }]);
});

test('what stands since a time comes before the causes of hosts, as urgent as they are', () => {
  const [cause] = rowsOfCauses({ 'ec2-join-failure': 4 });
  const status = { instances: { total: 0, byState: {}, byCause: { 'ec2-join-failure': 4 } }, outputs: [] };
  const trendOf = () => ({ hourAgo: null, dayAgo: null });
  const rest = { status, mutes: new Map(), trendOf } as unknown as Snapshot;

  const rows = rowsOfFindings(
    { ...rest, findings: [finding('accounts-not-read', 1)], pauses: [] },
    new Map(),
  );

  expect(cause?.severity).toBe('warn');
  expect(rows.map(({ kind, severity }) => [kind, severity])).toEqual([
    ['accounts-not-read', 'warn'],
    ['cause:ec2-join-failure', 'warn'],
  ]);
});
