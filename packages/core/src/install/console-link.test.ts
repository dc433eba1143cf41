import { aCommandId, anInstanceId } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { invocationLink } from './command.ts';
import type { Region } from '../organization/ids.ts';

test.each([
  ['eu-west-1', 'https://eu-west-1.console.aws.amazon.com/'],
  ['us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com/'],
  ['us-gov-east-1', 'https://us-gov-east-1.console.amazonaws-us-gov.com/'],
  ['cn-north-1', 'https://cn-north-1.console.amazonaws.cn/'],
])('an invocation in %s is shown at %s', (region, start) => {
  expect(invocationLink(region as Region, aCommandId(1), anInstanceId(2))).toBe(
    `${start}systems-manager/run-command/${aCommandId(1)}/${anInstanceId(2)}`,
  );
});
