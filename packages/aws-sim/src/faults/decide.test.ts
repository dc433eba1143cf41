import { expect, test } from 'vitest';
import { createFaultBook, type FaultQuestion } from './decide.ts';

const SEND: FaultQuestion = { accountId: '100000000002', region: 'us-east-1', api: 'ssm:SendCommand' };

test('a rule strikes as often as it says, and then no more', () => {
  const book = createFaultBook(7, [{ kind: 'throttle', apis: ['ssm:SendCommand'], maxTimes: 2 }]);

  const verdicts = Array.from({ length: 5 }, () => book.judge(SEND, 0).decisive);

  expect(verdicts).toEqual(['throttle', 'throttle', undefined, undefined, undefined]);
});

test('a rule holds in its window only: the beginning included, the end not', () => {
  const book = createFaultBook(7, [{ kind: 'throttle', apis: ['*'], fromMs: 100, untilMs: 200 }]);

  expect([99, 100, 199, 200].map((atMs) => book.judge(SEND, atMs).decisive)).toEqual([
    undefined,
    'throttle',
    'throttle',
    undefined,
  ]);
});

test('a rule that is added later counts its window from then', () => {
  const book = createFaultBook(7, []);
  book.add({ kind: 'throttle', apis: ['ssm:*'], untilMs: 100 }, 1_000);

  expect([1_099, 1_100].map((atMs) => book.judge(SEND, atMs).decisive)).toEqual(['throttle', undefined]);
});

test.each([
  ['another account', { accounts: ['100000000003'] }],
  ['another region', { regions: ['eu-west-1'] }],
  ['another operation', { apis: ['ssm:CancelCommand', 'ec2:*'] }],
])('a rule of %s does not strike', (_, change) => {
  const book = createFaultBook(7, [{ kind: 'throttle', apis: ['*'], ...change }]);

  expect(book.judge(SEND, 0).decisive).toBeUndefined();
});

test('the first rule that strikes decides the answer; lateness and staleness come besides, at their longest', () => {
  const book = createFaultBook(7, [
    { kind: 'slow', apis: ['*'], delayMs: 300 },
    { kind: 'error', apis: ['*'], status: 503 },
    { kind: 'throttle', apis: ['*'] },
    { kind: 'slow', apis: ['*'], delayMs: 200 },
    { kind: 'stale', apis: ['*'] },
  ]);

  expect(book.judge(SEND, 0)).toMatchObject({ decisive: 'error', status: 503, slowMs: 300, staleMs: 2_000 });
});
