import { eventually } from '@muster/testing/eventually';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { recordingLog } from '@muster/testing/builders';
import { targetId } from '@muster/core/organization/target';
import { createClock } from '@muster/core/runtime/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountId } from '../console/seeded-ledger.fixture.ts';
import { tick } from '../tick.ts';
import { type RunningApp, startApp } from './running-app.fixture.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

async function lagSeconds(kind: string): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  return Number(new RegExp(`^muster_due_lag_seconds\\{kind="${kind}".*\\} (\\d+)$`, 'm').exec(text)?.[1]);
}

test('the due lag grows while a scheduler ticks and no worker takes the work up', async () => {
  const tickOnce = () =>
    tick({
      config: parsedSystemConfig(OFFLINE_FACTS, { muster: { inventory: { source: 'none' } } }),
      ledger: app.ledger,
      clock: createClock(),
      log: recordingLog(),
      enqueue: app.jobQueue.enqueueMany,
      waiting: async (name) => (await app.jobQueue.counts())[name].waiting,
    });
  const target = targetId({ accountId: accountId(0), region: 'eu-west-1' as never });
  await app.ledger.due.schedule('scan', [target]);

  const given = await tickOnce();

  expect(given).toMatchObject({ scan: 1 });
  // The tick has leased it: by the ledger alone nothing would be overdue.
  expect((await app.ledger.due.count('scan')).overdueMs).toBe(0);
  await eventually('two seconds of waiting are told', async () => {
    await tickOnce();
    return (await lagSeconds('scan')) >= 2;
  });
  expect(await lagSeconds('notify')).toBe(0);
});
