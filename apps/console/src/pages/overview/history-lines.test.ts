import { expect, test } from 'vitest';
import { fromFirstRecord, isRecorded, linesOfLargest, linesOfStates, linesOfWork } from './history-lines.ts';

test('a gap stays a gap, and a state that no host was in is a zero', () => {
  const lines = linesOfStates([
    { name: 'joined', values: [null, 5, 6] },
    { name: 'queued', values: [null, 2, 1] },
    { name: 'installing', values: [null, 1, 1] },
  ]);

  expect(lines.map(({ name, values }) => [name, values])).toEqual([
    ['Joined', [null, 5, 6]],
    ['Under way', [null, 3, 2]],
    ['Failed or lost', [null, 0, 0]],
    ['Need a fix', [null, 0, 0]],
  ]);
});

test('throttled calls of all APIs are one line', () => {
  const [, , throttled] = linesOfWork([
    { name: 'commandsSent', values: [1, 2] },
    { name: 'throttled:ssm:SendCommand', values: [3, 0] },
    { name: 'throttled:ec2:DescribeInstances', values: [1, 1] },
  ]);

  expect(throttled?.values).toEqual([4, 1]);
});

test('of many series the largest are lines, and the rest is one that keeps its gaps', () => {
  const series = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, at) => ({ name, values: [null, 9 - at] }));

  expect(linesOfLargest(series).map(({ name, values }) => [name, values])).toEqual([
    ['a', [null, 9]],
    ['b', [null, 8]],
    ['c', [null, 7]],
    ['d', [null, 6]],
    ['2 others', [null, 9]],
  ]);
  expect(linesOfLargest(series.slice(0, 5)).at(-1)).toMatchObject({ name: 'e', tone: 'off' });
  expect(new Set(linesOfLargest(series).map(({ tone }) => tone)).size).toBe(5);
});

test('nothing is recorded where there are only gaps', () => {
  expect(isRecorded(linesOfStates([{ name: 'joined', values: [null, null] }]))).toBe(false);
  expect(isRecorded(linesOfStates([]))).toBe(false);
  expect(isRecorded(linesOfStates([{ name: 'joined', values: [null, 0] }]))).toBe(true);
});

test('a chart begins where its history does, and a gap within it stays', () => {
  const lines = linesOfStates([{ name: 'joined', values: [null, null, 3, null, 5] }]);

  const shown = fromFirstRecord(['a', 'b', 'c', 'd', 'e'], lines);

  expect(shown.at).toEqual(['c', 'd', 'e']);
  expect(shown.lines[0]?.values).toEqual([3, null, 5]);
});
