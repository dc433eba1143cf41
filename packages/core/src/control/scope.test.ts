import { anAccountId, anInstanceId } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { covers, parseScope, pausedBy, type Place, printScope, scopeFlag, subjectOf } from './scope.ts';
import type { Region } from '../organization/ids.ts';

const CANDIDATE: Place = {
  accountId: anAccountId(1),
  region: 'eu-west-1' as Region,
  instanceId: anInstanceId(1),
  cause: 'host-no-curl',
};

test.each([
  'all',
  `account:${anAccountId(1)}`,
  'region:eu-west-1',
  `instance:${anInstanceId(1)}`,
  'cause:host-no-curl',
])('a pause of %s stops the candidate', (scope) => {
  expect(pausedBy(new Set([scope, 'account:999999999999']), CANDIDATE)).toBe(scope);
});

test('pauses of others do not, and one that never failed waits for no cause', () => {
  const others = new Set([
    `account:${anAccountId(2)}`,
    'region:us-east-1',
    `instance:${anInstanceId(2)}`,
    'cause:host-no-sudo',
  ]);

  expect(pausedBy(others, CANDIDATE)).toBeNull();
  expect(pausedBy(new Set(), CANDIDATE)).toBeNull();
  expect(pausedBy(new Set(['cause:host-no-curl', 'cause:null']), { ...CANDIDATE, cause: null })).toBeNull();
});

test('a pause of a scope that only a newer release knows stops every candidate', () => {
  expect(pausedBy(new Set(['account:999999999999', 'unit:ou-ab12-cdefghij']), CANDIDATE)).toBe(
    'unit:ou-ab12-cdefghij',
  );
  expect(scopeFlag('unit:ou-ab12-cdefghij' as never)).toBe('--all');
});

test('the widest pause is the one that is named', () => {
  expect(pausedBy(new Set(['region:eu-west-1', 'all']), CANDIDATE)).toBe('all');
});

const SCOPES = [
  'all',
  `account:${anAccountId(1)}`,
  'region:eu-west-1',
  `instance:${anInstanceId(1)}`,
  'cause:host-no-curl',
];

test.each(SCOPES)('%s is read, printed and covers the candidate', (text) => {
  const scope = parseScope(text);
  if (scope === null) throw new Error('not read');

  expect(printScope(scope)).toBe(text);
  expect(covers(scope, CANDIDATE)).toBe(true);
});

test.each([
  '',
  'account',
  'account:',
  'account:12',
  'region:x y',
  'instance:x',
  'cause:None!',
  'process:a/1',
  ':all',
])('"%s" is no scope of an operator', (text) => {
  expect(parseScope(text)).toBeNull();
});

test('another place is not covered; what a place does not tell may be covered', () => {
  const other: Place = {
    accountId: anAccountId(2),
    region: 'us-east-1' as Region,
    instanceId: anInstanceId(2),
    cause: null,
  };
  const { accountId, region } = other;
  const scopes = SCOPES.slice(1).map((text) => parseScope(text) ?? { kind: 'all' as const });

  expect(scopes.map((scope) => covers(scope, other))).toEqual([false, false, false, false]);
  expect(scopes.map((scope) => covers(scope, { accountId, region }))).toEqual([false, false, true, true]);
});

test('a scope is shown as the option that names it, a finding by its subject', () => {
  expect(scopeFlag('all')).toBe('--all');
  expect(scopeFlag(`account:${anAccountId(1)}`)).toBe(`--account ${anAccountId(1)}`);
  expect(subjectOf('process:host/1')).toBe('host/1');
});
