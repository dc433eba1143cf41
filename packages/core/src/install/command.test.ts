import { expect, test } from 'vitest';
import { LONGEST_EXECUTION_SECONDS, longestLifeMs, usualLifeMs } from './command.ts';
import { RUN_SHELL_SCRIPT } from './render-install.ts';

test.each([
  [
    'our own document lives by the longer of its timeouts and AWS’s default',
    RUN_SHELL_SCRIPT,
    600,
    1_200,
    7_200,
  ],
  ['longer timeouts than the default count', RUN_SHELL_SCRIPT, 7_200, 10_800, 18_000],
  ['a custom document may ask for the longest run', 'Custom', 600, 1_200, 3_600 + LONGEST_EXECUTION_SECONDS],
] as const)('%s', (_, document, deliveryTimeoutSeconds, executionTimeoutSeconds, seconds) => {
  expect(usualLifeMs(document, { deliveryTimeoutSeconds, executionTimeoutSeconds })).toBe(seconds * 1_000);
});

test('a command of another sender may run as long as an agent lets any', () => {
  expect(longestLifeMs({ deliveryTimeoutSeconds: 600 })).toBe((3_600 + LONGEST_EXECUTION_SECONDS) * 1_000);
  expect(longestLifeMs({ deliveryTimeoutSeconds: 7_200 })).toBe((7_200 + LONGEST_EXECUTION_SECONDS) * 1_000);
});
