import { anAccountId, anInstanceId, NOW_MS } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { describeCluster, findingsOfOutputs, type OutputCluster } from './output-clusters.ts';

function aCluster(part: Partial<OutputCluster>): OutputCluster {
  return {
    cause: 'ec2-ssm-script-failure',
    template: 'E: Unable to locate package <*>',
    hosts: 412,
    accounts: 31,
    oldestAtMs: NOW_MS - 60_000,
    newestAtMs: NOW_MS,
    example: { accountId: anAccountId(), instanceId: anInstanceId(1) },
    ...part,
  };
}

test('hosts that fail alike are one finding, with the line, an example, and the owner and remedy of their cause', () => {
  const findings = findingsOfOutputs([aCluster({}), aCluster({ template: 'no space left', hosts: 12 })]);

  expect(findings).toEqual([
    {
      kind: 'failing-alike',
      scope: 'cause:ec2-ssm-script-failure',
      sinceMs: NOW_MS - 60_000,
      message:
        '412 hosts in 31 accounts failed alike, with this line in the output: “E: Unable to locate package <*>” (<*> stands for words that differ). One other line of this cause is shared by ten hosts or more (muster status).',
      remedy: expect.stringContaining(`muster explain ${anInstanceId(1)}`) as string,
      owner: 'host-owner',
      count: 31,
    },
  ]);
});

test('each cause has its own finding, and few hosts or a line of noise have none', () => {
  const clusters = [
    aCluster({}),
    aCluster({ cause: 'host-disk-full', hosts: 10 }),
    aCluster({ cause: 'host-no-curl', hosts: 9 }),
    aCluster({ cause: 'host-no-sudo', template: null }),
  ];

  expect(findingsOfOutputs(clusters).map(({ scope }) => scope)).toEqual([
    'cause:ec2-ssm-script-failure',
    'cause:host-disk-full',
  ]);
});

test('a cluster is told in one line', () => {
  expect(describeCluster(aCluster({ hosts: 1, accounts: 1 }))).toBe(
    '1 host in 1 account: E: Unable to locate package <*>',
  );
  expect(describeCluster(aCluster({ template: null }))).toBe('412 hosts in 31 accounts: other lines');
});
