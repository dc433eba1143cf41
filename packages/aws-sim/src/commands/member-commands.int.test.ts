import { ListCommandInvocationsCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { expect, test } from 'vitest';
import { HOST, scene } from '../testing/command-scene.ts';

test('an owner’s commands copy what stands in the account’s history, end by themselves, and are not the referee’s', async () => {
  const it = await scene([{ id: HOST, region: 'us-east-1' }], 1_000);
  const order = {
    op: 'member-commands' as const,
    instanceIds: [HOST],
    comment: 'muster:v2:{installation}:{lastBatch}:{lastMac}',
  };
  const [early] = await it.sim.change(order);
  await it.ssm.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: [HOST],
      Parameters: { commands: ['true'] },
      Comment: 'muster:v2:abcdef012345:01JD4Q7W8ZC2R6M3N5P9T0VXYB:AAAAAAAAAAAAAAAA',
    }),
  );

  const [copied] = await it.sim.change({ ...order, runsForMs: 1_000 });
  const [made] = await it.sim.change({ ...order, comment: 'muster:v1:{installation}:{batch}', times: 3 });

  expect(early?.error).toContain('says what {installation} is');
  expect([copied?.ids?.length, made?.ids?.length]).toEqual([1, 3]);
  const shown = async () =>
    (await it.ssm.send(new ListCommandInvocationsCommand({ Details: true }))).CommandInvocations ?? [];
  await expect
    .poll(async () => (await shown()).find(({ CommandId }) => CommandId === copied?.ids?.[0])?.StatusDetails)
    .toBe('Success');
  const comments = (await shown()).map(({ Comment = '' }) => Comment);
  expect(comments.filter((one) => one.endsWith(':AAAAAAAAAAAAAAAA'))).toHaveLength(2);
  expect(
    new Set(comments.filter((one) => /^muster:v1:abcdef012345:[0-9A-HJKMNP-TV-Z]{26}$/u.test(one))).size,
  ).toBe(3);
  expect(it.sim.report()).toMatchObject({ commands: { sent: 1 }, installs: { whileLive: 0 } });
});
