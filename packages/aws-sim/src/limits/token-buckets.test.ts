import { describe, expect, test } from 'vitest';
import { bucketsFor } from './defaults.ts';
import { createTokenBuckets } from './token-buckets.ts';

describe('token buckets', () => {
  test('give the burst at once and then as fast as they refill', () => {
    const buckets = createTokenBuckets(1);
    const limit = { burst: 3, perSecond: 2 };

    const burst = [0, 0, 0, 0].map((atMs) => buckets.take('a', limit, atMs));
    const later = [400, 500, 600, 1_000].map((atMs) => buckets.take('a', limit, atMs));

    expect(burst).toEqual([true, true, true, false]);
    expect(later).toEqual([false, true, false, true]);
  });

  test('hold no more than their burst, however long no call comes', () => {
    const buckets = createTokenBuckets(1);
    const limit = { burst: 2, perSecond: 1 };
    buckets.take('a', limit, 0);

    const much = [3_600_000, 3_600_000, 3_600_000].map((atMs) => buckets.take('a', limit, atMs));

    expect(much).toEqual([true, true, false]);
  });

  test('do not touch each other', () => {
    const buckets = createTokenBuckets(1);
    const limit = { burst: 1, perSecond: 0.001 };

    expect(['a', 'b', 'a'].map((name) => buckets.take(name, limit, 0))).toEqual([true, true, false]);
  });

  test('that are full again are forgotten', () => {
    const buckets = createTokenBuckets(1);
    for (let i = 0; i < 20_000; i += 1) buckets.take(`${i}`, { burst: 1, perSecond: 1 }, 0);

    buckets.take('one more', { burst: 1, perSecond: 1 }, 2_000);

    expect(buckets.size()).toBe(1);
  });
});

describe('the buckets of a call', () => {
  const names = (api: string, overrides = {}): string[] =>
    bucketsFor(api, '1', 'r', overrides).map(
      ({ name, limit }) => `${name} ${limit.burst}/${limit.perSecond}`,
    );

  test.each([
    [
      'organizations:ListAccounts',
      ['1/r/organizations:ListAccounts 12/8', 'organization/organizations:ListAccounts 15/9'],
    ],
    ['sts:AssumeRole', ['1/r/sts:* 600/600']],
    ['ec2:DescribeInstances', ['1/r/ec2:DescribeInstances 100/20']],
    ['ec2:DescribeInstances/bare', ['1/r/ec2:DescribeInstances/bare 50/10']],
    ['ssm:SendCommand', ['1/r/ssm:SendCommand 10/5']],
    ['ssm:CreateDocument', ['1/r/ssm:CreateDocument 5/3']],
  ])('%s', (api, expected) => {
    expect(names(api)).toEqual(expected);
  });

  test('can be set for an operation, a service or everything, the nearest first', () => {
    const overrides = {
      '*': null,
      'ssm:*': { burst: 2, perSecond: 1 },
      'ssm:SendCommand': { burst: 1, perSecond: 1 },
    };

    expect(names('ssm:SendCommand', overrides)).toEqual(['1/r/ssm:SendCommand 1/1']);
    expect(names('ssm:ListCommands', overrides)).toEqual(['1/r/ssm:ListCommands 2/1']);
    expect(names('organizations:ListAccounts', overrides)).toEqual([]);
  });
});
