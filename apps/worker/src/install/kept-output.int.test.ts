import { expect, test } from 'vitest';
import { collect, useSentBatch } from '../fixtures/sent-batch.fixture.ts';
import { aWorld, instanceId, someInstances } from '../fixtures/written-world.fixture.ts';

/** What is kept of what a script printed: untrusted text of a host. */
const startSent = useSentBatch();

test("a failed script's output is kept by its tail, without secrets and control characters", async () => {
  const secret = 'external-id-that-stays-secret';
  const stdout = `first words ${'.'.repeat(700)} id ${secret} \u001b[31mred\u0007 the end`;
  const bench = await startSent({
    world: aWorld(someInstances(1, { outcome: { kind: 'exits', exitCode: 1, stdout } }), {
      access: { externalId: secret },
    }),
    config: { muster: { install: { output_chars: 300 } } },
  });
  await bench.commandsEnded();

  await collect(bench);

  const [attempt] = (await bench.record(instanceId(0))).attempts;
  expect(attempt?.output.length).toBeLessThanOrEqual(300);
  expect(attempt?.output).toMatch(/^\.+ id \[redacted\] \[31mred the end/);
});

test('a secret is not shown in part where the tail is cut', async () => {
  const secret = 'external-id-that-stays-secret';
  const bench = await startSent({
    world: aWorld(
      someInstances(1, { outcome: { kind: 'exits', exitCode: 1, stdout: `${secret}${'.'.repeat(90)}` } }),
      { access: { externalId: secret } },
    ),
    config: { muster: { install: { output_chars: 170 } } },
  });
  await bench.commandsEnded();

  await collect(bench);

  const [attempt] = (await bench.record(instanceId(0))).attempts;
  expect(attempt?.output).toContain('.'.repeat(90));
  expect(attempt?.output).not.toContain('may-see');
});

test('output can be switched off', async () => {
  const bench = await startSent({
    world: aWorld(someInstances(1, { outcome: { kind: 'exits', exitCode: 1, stdout: 'words' } })),
    config: { muster: { install: { output_chars: 0 } } },
  });
  await bench.commandsEnded();

  await collect(bench);

  expect((await bench.record(instanceId(0))).attempts).toMatchObject([{ output: '', exitCode: 1 }]);
});
