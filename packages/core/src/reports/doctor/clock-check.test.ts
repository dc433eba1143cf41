import { expect, test } from 'vitest';
import { judgeClock } from './clock-check.ts';

test.each([
  [null, 'skipped', 'AWS sent no date to compare with'],
  [0, 'pass', 'agrees with AWS'],
  [-1_400, 'pass', 'agrees with AWS'],
  [20_000, 'pass', '20 s ahead of AWS'],
  [-45_000, 'warn', '45 s behind AWS'],
  [400_000, 'warn', '400 s ahead of AWS'],
])('a clock that is %s ms off: %s', (offsetMs, status, detail) => {
  expect(judgeClock(offsetMs)).toMatchObject({ id: 'clock', status, detail });
});

test('a clock that is off has a remedy', () => {
  expect(judgeClock(60_000)).toMatchObject({
    cause: 'clock-skew',
    remedy: expect.stringContaining('set-ntp') as string,
  });
});
