import { expect, test } from 'vitest';
import { EXAMPLES } from './example.fixture.ts';
import { initFiles } from './init-files.ts';
import type { Statement } from './iam-policies.ts';
import { policyFaults, type PolicyKind } from './iam-grammar.fixture.ts';

function kindOf(path: string): PolicyKind {
  if (path.endsWith('-trust.json')) return 'trust';
  return path === 'iam/organization-policy.json' ? 'resource' : 'identity';
}

test.each(EXAMPLES)(
  'every policy is one that IAM takes, of actions and keys that exist: %s',
  async (_, settings) => {
    const files = initFiles(settings).filter((file) => file.path.startsWith('iam/'));

    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const { path, content } of files) {
      expect({ path, faults: await policyFaults(JSON.parse(content), kindOf(path)) }).toEqual({
        path,
        faults: [],
      });
    }
  },
);

test.each(EXAMPLES)(
  'no policy allows anything by a wildcard in an action, or AssumeRole on everything: %s',
  (_, settings) => {
    const statements = initFiles(settings)
      .filter((file) => file.path.startsWith('iam/'))
      .flatMap(({ content }) => (JSON.parse(content) as { Statement: Statement[] }).Statement);

    expect(statements.filter(({ Action }) => Action.some((action) => action.includes('*')))).toEqual([]);
    expect(
      statements.filter(
        ({ Action, Resource }) =>
          Resource === '*' && Action.some((action) => ['sts:AssumeRole', 'ssm:SendCommand'].includes(action)),
      ),
    ).toEqual([]);
  },
);

test('the check finds what is wrong', async () => {
  const statement = { Sid: 'A', Effect: 'Allow', Action: ['ssm:SendCommand'], Resource: '*' };
  const policy = (over: object) => ({ Version: '2012-10-17', Statement: [{ ...statement, ...over }] });

  expect(await policyFaults(policy({}), 'identity')).toEqual([]);
  expect(await policyFaults(policy({ Action: ['ssm:SendComand'] }), 'identity')).toEqual([
    'A: there is no action ssm:SendComand',
  ]);
  expect(await policyFaults(policy({ Resource: 'arn:aws:s3:*:*:thing/*' }), 'identity')).toHaveLength(1);
  expect(
    await policyFaults(
      policy({ Action: ['ssm:ListCommandInvocations'], Resource: 'arn:aws:ssm:*:*:x/*' }),
      'identity',
    ),
  ).toEqual(['A: ssm:ListCommandInvocations knows no resources']);
  expect(
    await policyFaults(policy({ Condition: { StringEquals: { 'sts:ExternlId': 'x' } } }), 'identity'),
  ).toEqual(['A: there is no condition key sts:ExternlId']);
  expect(await policyFaults(policy({ Condition: { StringEqual: { a: 'b' } } }), 'identity')).toHaveLength(1);
  expect(await policyFaults(policy({}), 'trust')).toEqual(['A: Principal', 'A: Resource']);
});
