import { aCommandId, anInstanceId } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { instanceLink, invocationLink, nodeLink } from './instance-links.ts';
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

test('an instance has its page in EC2', () => {
  expect(instanceLink('eu-west-1' as Region, anInstanceId(2))).toBe(
    `https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#InstanceDetails:instanceId=${anInstanceId(2)}`,
  );
});

test.each([
  ['teleport.example.com:443', 'https://teleport.example.com/web/cluster/teleport.example.com/resources'],
  [
    'teleport.example.com:3080',
    'https://teleport.example.com:3080/web/cluster/teleport.example.com/resources',
  ],
  ['teleport.example.com', 'https://teleport.example.com/web/cluster/teleport.example.com/resources'],
])('the node of an instance is looked up at the proxy %s', (proxyServer, page) => {
  const link = nodeLink({ proxyServer }, anInstanceId(2));
  expect(link?.startsWith(page)).toBe(true);
  expect(new URL(link ?? '').searchParams.get('query')).toBe(
    `labels["teleport.dev/instance-id"] == "${anInstanceId(2)}"`,
  );
});

test('without a proxy there is no link to a node', () => {
  expect(nodeLink({ proxyServer: null }, anInstanceId(2))).toBeNull();
});
