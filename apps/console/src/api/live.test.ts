import { expect, test } from 'vitest';
import { resourcesOf } from './live.ts';

test('an event names the resources that are to be asked for again', () => {
  expect(resourcesOf('{"resources":["instances","overview"],"instances":null}')).toEqual([
    'instances',
    'overview',
  ]);
});

test.each(['', '{', 'null', '{"resources":"instances"}', undefined])('an event of %j names none', (data) => {
  expect(resourcesOf(data)).toEqual([]);
});
