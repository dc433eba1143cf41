import { ListCommandInvocationsCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { expect, test } from 'vitest';
import { type Seen, seen } from '../testing/answers.ts';
import { MEMBER, scene, type Scene } from '../testing/command-scene.ts';
import type { PolicyDocument } from './policy.ts';

const ENROLLED = 'i-0000000000000000a';
const OTHER = 'i-0000000000000000b';
const UNTAGGED = 'i-0000000000000000c';
const NOT_THERE = 'i-00000000000000000';

function allow(
  ...statements: readonly Omit<PolicyDocument['Statement'][number], 'Effect'>[]
): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
  };
}

/** Three hosts, and a member role that may send to those that `condition` lets through. */
function start(condition: Record<string, Record<string, string[]>>): Promise<Scene> {
  return scene(
    [
      { id: ENROLLED, region: 'us-east-1', tags: { Env: 'prod-1', team: 'a' } },
      { id: OTHER, region: 'us-east-1', tags: { Env: 'dev', team: 'a' } },
      { id: UNTAGGED, region: 'us-east-1', tags: {} },
    ],
    200,
    {
      access: {
        policies: {
          discovery: allow({ Action: 'sts:AssumeRole', Resource: '*' }),
          memberTrust: allow({ Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }),
          member: allow(
            { Action: 'ssm:ListCommandInvocations', Resource: '*' },
            { Action: 'ssm:SendCommand', Resource: 'arn:aws:ssm:*::document/AWS-RunShellScript' },
            { Action: 'ssm:SendCommand', Resource: `arn:aws:ec2:*:${MEMBER}:instance/${NOT_THERE}` },
            {
              Action: 'ssm:SendCommand',
              Resource: `arn:aws:ec2:*:${MEMBER}:instance/*`,
              Condition: condition,
            },
          ),
        },
      },
    },
  );
}

function sendTo({ ssm }: Scene, ...InstanceIds: string[]): Promise<Seen> {
  const Parameters = { commands: ['true'] };
  return seen(
    ssm.send(new SendCommandCommand({ DocumentName: 'AWS-RunShellScript', InstanceIds, Parameters })),
  );
}

test.each([
  ['StringLike', { 'ssm:resourceTag/Env': ['prod-*', 'stage'] }],
  ['StringEquals', { 'aws:ResourceTag/Env': ['prod-1'] }],
  ['StringLike', { 'ssm:resourceTag/env': ['prod-?'], 'ssm:resourceTag/team': ['a'] }],
])('by %s %j one may be sent to, and who lacks the tag or its value may not', async (operator, keys) => {
  const it = await start({ [operator]: keys });

  const answers = [
    await sendTo(it, ENROLLED),
    await sendTo(it, OTHER),
    await sendTo(it, UNTAGGED),
    await sendTo(it, ENROLLED, OTHER),
  ];

  expect(answers.map(({ name }) => name)).toEqual([
    '',
    'AccessDeniedException',
    'AccessDeniedException',
    'AccessDeniedException',
  ]);
  expect(it.sim.report().commands.sent).toBe(1);
});

test('all keys of a condition are asked for', async () => {
  const it = await start({ StringLike: { 'ssm:resourceTag/Env': ['*'], 'ssm:resourceTag/team': ['b'] } });

  expect((await sendTo(it, ENROLLED)).name).toBe('AccessDeniedException');
});

test('an instance that is not there has no tags, but may be allowed by its id', async () => {
  const it = await start({ StringLike: { 'ssm:resourceTag/Env': ['*'] } });

  expect((await sendTo(it, NOT_THERE)).name).toBe('InvalidInstanceId');
  expect((await sendTo(it, 'i-00000000000000fff')).name).toBe('AccessDeniedException');
});

test('by target, a host without the tag gets nothing, and says why', async () => {
  const it = await start({ StringLike: { 'ssm:resourceTag/Env': ['prod-*'] } });

  const { Command } = await it.ssm.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      Targets: [{ Key: 'tag:team', Values: ['a'] }],
      Parameters: { commands: ['true'] },
    }),
  );
  const statuses = async (): Promise<unknown> => {
    const { CommandInvocations = [] } = await it.ssm.send(
      new ListCommandInvocationsCommand({ CommandId: Command?.CommandId }),
    );
    return Object.fromEntries(
      CommandInvocations.map(({ InstanceId = '', StatusDetails }) => [InstanceId, StatusDetails]),
    );
  };

  await expect.poll(statuses, { timeout: 8_000 }).toEqual({ [ENROLLED]: 'Success', [OTHER]: 'AccessDenied' });
});
