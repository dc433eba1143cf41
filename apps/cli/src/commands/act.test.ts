import { expect, test } from 'vitest';
import { EXIT } from '../command-context.ts';
import { scopeOfOptions } from './act.ts';

test('one option is one scope', () => {
  expect(scopeOfOptions({ all: true })).toEqual({ kind: 'all' });
  expect(scopeOfOptions({ region: 'eu-west-1' })).toEqual({ kind: 'region', value: 'eu-west-1' });
});

test.each([
  [{}, 'give one of'],
  [{ all: true, region: 'eu-west-1' }, 'give one of'],
  [{ account: '12' }, '--account 12: an AWS account id has 12 digits'],
  [{ instance: 'i-1' }, '--instance i-1: an EC2 instance id looks like'],
  [{ cause: 'Host Disk' }, 'there is no such cause'],
])('%j is refused with exit code 64', (options, message) => {
  expect(() => scopeOfOptions(options)).toThrow(
    expect.objectContaining({ exitCode: EXIT.usage, message: expect.stringContaining(message) as string }),
  );
});
