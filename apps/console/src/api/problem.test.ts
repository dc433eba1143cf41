import { expect, test } from 'vitest';
import { isPassing, problemOf, readProblem, refusal } from './problem.ts';

test('a problem is carried by the error and read from it', () => {
  const problem = readProblem(400, {
    title: 'Bad parameter',
    detail: 'sort: there is no field "nme"',
    errors: [{ parameter: 'sort', detail: 'there is no field "nme"' }],
  });

  expect(problemOf(refusal(problem))).toEqual({ ...problem, type: 'about:blank', status: 400 });
  expect(problemOf(new Error('other'))).toBeNull();
});

test('an answer of a proxy that is no problem still says what happened', () => {
  expect(readProblem(502, null)).toMatchObject({ status: 502, title: 'The request failed (HTTP 502)' });
  expect(readProblem(500, { title: 7 }).title).toBe('The request failed (HTTP 500)');
});

test.each([
  [0, true],
  [429, true],
  [503, true],
  [400, false],
  [403, false],
])('asking again after status %i may help: %s', (status, may) => {
  expect(isPassing(refusal(readProblem(status, {})))).toBe(may);
});
