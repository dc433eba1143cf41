import { expect, test } from 'vitest';
import { type PolicyDocument, policyAllows } from './policy.ts';

const MEMBER: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: ['ec2:DescribeInstances', 'account:List*'], Resource: '*' },
    { Effect: 'Allow', Action: 'ssm:SendCommand', Resource: 'arn:aws:ssm:*::document/AWS-RunShellScript' },
    { Effect: 'Allow', Action: 'ssm:SendCommand', Resource: 'arn:aws:ec2:*:*:instance/*' },
  ],
};
const TRUST: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111122223333:root' },
      Action: 'sts:AssumeRole',
      Condition: {
        ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/muster-discovery' },
        StringEquals: { 'sts:ExternalId': 'secret' },
      },
    },
  ],
};

function may(action: string, resource: string | null): boolean {
  return policyAllows(MEMBER, { action, resource, principal: null, context: {} });
}

test('an action is allowed on what some statement names, and on nothing else', () => {
  expect(may('ec2:DescribeInstances', '*')).toBe(true);
  expect(may('account:ListRegions', '*')).toBe(true);
  expect(may('ssm:SendCommand', 'arn:aws:ssm:eu-west-1::document/AWS-RunShellScript')).toBe(true);
  expect(may('ssm:SendCommand', 'arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0')).toBe(
    true,
  );
  expect(may('ssm:SendCommand', 'arn:aws:ssm:eu-west-1::document/AWS-RunPowerShellScript')).toBe(false);
  expect(may('ssm:CancelCommand', null)).toBe(false);
  expect(may('ssm:SendCommand', null)).toBe(true);
});

test.each([
  ['as it should be', {}, true],
  ['another account', { principal: 'arn:aws:iam::999988887777:root' }, false],
  ['another role', { role: 'another' }, false],
  ['another external id', { externalId: 'guess' }, false],
  ['no external id', { externalId: undefined }, false],
])('a trust policy lets in: %s', (_case, change: Record<string, string | undefined>, allowed) => {
  const { principal = 'arn:aws:iam::111122223333:root', role = 'muster-discovery' } = change;
  const externalId = 'externalId' in change ? change['externalId'] : 'secret';

  const isAllowed = policyAllows(TRUST, {
    action: 'sts:AssumeRole',
    resource: 'arn:aws:iam::444455556666:role/member',
    principal,
    context: { 'aws:PrincipalArn': `arn:aws:iam::111122223333:role/${role}`, 'sts:ExternalId': externalId },
  });

  expect(isAllowed).toBe(allowed);
});
