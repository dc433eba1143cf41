import { readFindings } from '@muster/core/control/standing-findings';
import { OTHER_OUTPUTS, TEMPLATES_PER_ACCOUNT } from '@muster/core/install/output-templates';
import { explainInstance } from '@muster/core/reports/explain-instance';
import { readOrganizationStatus } from '@muster/core/reports/organization-status';
import { expect, test } from 'vitest';
import { collect, type SentBatch, useSentBatch } from '../fixtures/sent-batch.fixture.ts';
import { aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

/** Failed outputs that are alike, from the host to what the operator reads. */
const startSent = useSentBatch();

/** A world of hosts whose scripts print these and fail; all have ended, and their ends are recorded. */
async function startFailed(outputs: readonly string[]): Promise<SentBatch> {
  const hosts = outputs.flatMap((stdout, n) =>
    someInstances(1, { outcome: { kind: 'exits', exitCode: 1, stdout } }, n),
  );
  const bench = await startSent({ world: aWorld(hosts) });
  await bench.commandsEnded();
  await collect(bench);
  return bench;
}

async function clustersOf(bench: SentBatch) {
  const { outputs } = await readOrganizationStatus(bench.ledger, bench.now());
  return outputs.map(
    ({ template, hosts, accounts }) => `${hosts} in ${accounts}: ${template ?? OTHER_OUTPUTS}`,
  );
}

test('hosts whose scripts failed with the same line are told as one, with a host to look at', async () => {
  const bench = await startFailed([
    'reading lists\nE: Unable to locate package teleport-17',
    'E: Unable to locate package teleport-ent',
    'no space left on device',
  ]);

  expect(await clustersOf(bench)).toEqual([
    '2 in 1: E: Unable to locate package <*>',
    '1 in 1: no space left on device',
  ]);
  const [first] = (await readOrganizationStatus(bench.ledger, bench.now())).outputs;
  expect(first).toMatchObject({
    cause: 'ec2-ssm-script-failure',
    example: { accountId: TARGET.accountId, instanceId: instanceId(1) },
  });
  const explained = await explainInstance({ ...bench.deps, nowMs: bench.now() }, instanceId(0));
  expect(explained?.outputAlike).toEqual({
    template: 'E: Unable to locate package <*>',
    hosts: 2,
    accounts: 1,
  });
  const alone = await explainInstance({ ...bench.deps, nowMs: bench.now() }, instanceId(2));
  expect(alone?.outputAlike).toBeNull();
});

test('a host that is sent to again counts no more until it has failed again', async () => {
  const bench = await startFailed(['E: Unable to locate package a', 'E: Unable to locate package b']);
  const record = await bench.record(instanceId(0));
  if (record.state !== 'failed') throw new Error(`the host is ${record.state}`);

  bench.advance(record.nextAttemptAtMs - bench.now() + 1_000);
  await bench.run('install-batch', { target: TARGET });
  const during = await clustersOf(bench);
  const { batchId } = await bench.intent();
  await bench.commandsEnded();
  await collect({ ...bench, batchId });

  expect(during.length).toBeLessThan(2);
  expect(during).not.toContain('2 in 1: E: Unable to locate package <*>');
  expect(await clustersOf(bench)).toEqual(['2 in 1: E: Unable to locate package <*>']);
});

test('ten hosts that fail alike are a finding; one account’s noise fills neither Redis nor the list', async () => {
  const noise = Array.from({ length: 20 }, (_, n) => `${'z'.repeat(n + 1)} failed `.repeat(n + 1));
  const bench = await startFailed([
    ...Array.from({ length: 10 }, () => 'proxy\u001b[31m refused\u001b[0m it'),
    ...noise,
  ]);

  const findings = await readFindings(bench.ledger);
  expect(findings.filter(({ kind }) => kind === 'failing-alike')).toMatchObject([
    {
      scope: 'cause:ec2-ssm-script-failure',
      message: '10 hosts in 1 account failed alike, with this line in the output: “proxy refused it”.',
      count: 1,
    },
  ]);
  const clusters = await clustersOf(bench);
  expect(clusters).toHaveLength(TEMPLATES_PER_ACCOUNT + 1);
  expect(clusters[0]).toBe(`${20 - (TEMPLATES_PER_ACCOUNT - 1)} in 1: ${OTHER_OUTPUTS}`);
});
