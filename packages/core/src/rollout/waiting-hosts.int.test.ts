import { aRecord, aTarget, anInstanceId, NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { type ConfigPart, OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import type { EnrollmentRecord } from '../enrollment/record.ts';
import { readWaitingHosts } from './waiting-hosts.ts';
import type { Ledger } from '../control/ledger.ts';

const bench = useLedgerBench();
const [HERE, THERE] = [aTarget(0), aTarget(1)];

function configWith(muster: ConfigPart = {}) {
  return parsedSystemConfig(OFFLINE_FACTS, { muster });
}

/** Two queued hosts here, one there; and one that has joined, which does not count. */
async function aLedger(): Promise<Ledger> {
  const { ledger } = bench.create();
  const put = (target: typeof HERE, record: EnrollmentRecord): Promise<unknown> =>
    ledger.enrollments.write(
      target,
      'all',
      [{ instanceId: record.instanceId, expected: 0, value: record }],
      [],
    );
  await put(HERE, aRecord('queued', { instanceId: anInstanceId(1) }));
  await put(HERE, { ...aRecord('queued', { instanceId: anInstanceId(2) }), readyAtMs: NOW_MS + 60_000 });
  await put(HERE, aRecord('joined', { instanceId: anInstanceId(3) }));
  await put(THERE, { ...aRecord('queued', { instanceId: anInstanceId(4) }), readyAtMs: NOW_MS + 30_000 });
  await ledger.nodes.publish({
    generation: 'g',
    begunAtMs: NOW_MS - 1_000,
    nodes: 0,
    error: null,
    dropped: false,
  });
  return ledger;
}

async function waitsOf(ledger: Ledger, muster?: ConfigPart): Promise<readonly string[]> {
  const waiting = await readWaitingHosts(ledger, configWith(muster), NOW_MS);
  return waiting.map(
    (one) => `${one.instances} ${one.reason} ${one.scope}${one.needsPerson ? ' (a person)' : ''}`,
  );
}

test('hosts that nothing stops wait for their back-off, or for their turn', async () => {
  const ledger = await aLedger();

  expect(await waitsOf(ledger)).toEqual(['2 back-off all', '1 turn all']);
  const [backOff] = await readWaitingHosts(ledger, configWith(), NOW_MS);
  expect(backOff?.untilMs).toBe(NOW_MS + 30_000);
});

test.each<[string, ConfigPart, (ledger: Ledger) => Promise<unknown>, readonly string[]]>([
  [
    'the configuration',
    { paused: true },
    async () => undefined,
    ['3 paused-by-configuration all (a person)'],
  ],
  ['the hold', { limits: { hold_first_send: true } }, async () => undefined, ['3 hold all (a person)']],
  [
    'an operator',
    {},
    (ledger) => ledger.control.pause({ scope: 'all', atMs: NOW_MS, by: 'operator', reason: '' }),
    ['3 paused all (a person)'],
  ],
  [
    'the brake of an account',
    {},
    (ledger) =>
      ledger.control.pause({
        scope: `account:${HERE.accountId}`,
        atMs: NOW_MS,
        by: 'brake',
        reason: '9 of 9',
      }),
    [`2 brake account:${HERE.accountId} (a person)`, '1 back-off all'],
  ],
  [
    'an inventory that dropped',
    {},
    (ledger) => ledger.nodes.fail('the inventory went from 90 nodes to 3', 3),
    ['3 inventory-drop all (a person)'],
  ],
  [
    'an inventory that is too old',
    {},
    (ledger) =>
      ledger.nodes.publish({
        generation: 'g',
        begunAtMs: NOW_MS - 3_600_000,
        nodes: 0,
        error: 'tctl: no such file',
        dropped: false,
      }),
    ['3 inventory all'],
  ],
])('hosts that %s stops wait for that', async (_, muster, stop, expected) => {
  const ledger = await aLedger();
  await stop(ledger);

  expect(await waitsOf(ledger, muster)).toEqual(expected);
  const waiting = await readWaitingHosts(ledger, configWith(muster), NOW_MS);
  expect(waiting.every(({ message, remedy }) => message.startsWith('wait ') && remedy !== '')).toBe(true);
});
