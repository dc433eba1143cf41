import type { BatchId } from '@muster/core/organization/ids';
import { targetId } from '@muster/core/organization/target';
import { expect, test } from 'vitest';
import { useSentBatch } from '../fixtures/sent-batch.fixture.ts';
import { aWorld, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startSent = useSentBatch();

test('cancel-command says when there is nothing to cancel, and when it may not', async () => {
  const bench = await startSent({
    world: aWorld(someInstances(1, { outcome: { kind: 'hangs' } }), {
      account: { deniedActions: ['ssm:CancelCommand'] },
    }),
    speed: 1,
  });
  const { batchId } = bench;

  const answers = await Promise.all([
    bench.run('cancel-command', { target: TARGET, batchId, instanceId: null }),
    bench.run('cancel-command', {
      target: TARGET,
      batchId: '01JD8Q4T5W6X7Y8Z9A0B1C2D3E' as BatchId,
      instanceId: null,
    }),
  ]);

  expect(answers).toEqual([{ answer: 'denied' }, { answer: 'closed' }]);
  expect(await bench.findings()).toEqual([`command-not-canceled ${targetId(TARGET)}`]);
  expect(await bench.states()).toEqual({ installing: 1 });
});
