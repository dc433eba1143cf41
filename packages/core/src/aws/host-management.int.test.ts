import { expect, test } from 'vitest';
import { signal, useSimulatedAws } from './simulated-aws.fixture.ts';

const { start, sim, firstTarget } = useSimulatedAws();

test('Default Host Management Configuration is off where no role is set, and on where one is', async () => {
  const adapter = await start({ accounts: 1, regions: 1, instances: 10 });
  const { access } = await firstTarget(adapter);
  const { accountId, region } = access;

  expect(await adapter.isHostManagementOn(access, signal)).toBe(false);

  await sim().change({ op: 'set-host-management', accountId, region, on: true });
  expect(await adapter.isHostManagementOn(access, signal)).toBe(true);
});

test('a role that may not ask is denied, with the action', async () => {
  const adapter = await start({ accounts: 1, regions: 1, instances: 10 });
  const { access } = await firstTarget(adapter);
  await sim().change({
    op: 'deny-actions',
    accountId: access.accountId,
    actions: ['ssm:GetServiceSetting'],
  });

  await expect(adapter.isHostManagementOn(access, signal)).rejects.toMatchObject({
    code: 'aws.denied',
    details: { missingAction: 'ssm:GetServiceSetting' },
  });
});
