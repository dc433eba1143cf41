/** Each safety measure, turned off: the model must see what it is for. A model that finds nothing proves nothing. */
import { expect, test } from 'vitest';
import { asCoded, worldOf, type Protocol, type World } from './protocol.ts';
import { search } from './search.ts';
import type { Fault } from './state.ts';

const MAX_STATES = 1_000_000;
const FLUSH: Partial<World> = { flushes: 1, acceptedUntil: 'deadline' };
const FAILBACK: Partial<World> = { rollbacks: 1, failbacks: 1, acceptedUntil: 'deadline' };
const CLOCKS_DIFFER: Partial<World> = { skews: [0, 1] };
const { resendAfter, epochWait } = asCoded({}, 1);

interface Case {
  readonly name: string;
  readonly without: Partial<Protocol>;
  readonly world?: Partial<World>;
  /** What it leads to; a second live command unless said otherwise. */
  readonly fault?: Fault;
}

const CASES: readonly Case[] = [
  { name: 'a claim that is not one compare-and-set', without: { claimsAtomically: false } },
  { name: 'a call after notAfter', without: { enforcesNotAfter: false } },
  { name: 'a resendAfter shorter than a signature is valid', without: { resendAfter: 2 } },
  {
    name: 'a resendAfter that forgets the send window, while clocks differ',
    without: { resendAfter: resendAfter - 1 },
    world: CLOCKS_DIFFER,
  },
  {
    name: 'a listing that began before resendAfter was over',
    without: { asksClockFirst: false },
  },
  { name: 'a command taken for ended because a list does not show it', without: { closesUnseen: true } },
  { name: 'a command taken for expired before SSM does', without: { expiryShort: 2, expiryMargin: 0 } },
  { name: 'no epoch at all', without: { reconciles: false, rechecksEpoch: false }, world: FLUSH },
  { name: 'an epoch that is only looked at before the send', without: { reconciles: false }, world: FLUSH },
  {
    name: 'no second look at the epoch right before the send',
    without: { rechecksEpoch: false },
    world: FLUSH,
  },
  { name: 'a listing right after the epoch changed', without: { epochWait: 0 }, world: FLUSH },
  { name: 'a listing before T_vis is over', without: { epochWait: 1 }, world: FLUSH },
  {
    name: 'a wait after the epoch that does not allow for clocks',
    without: { epochWait: epochWait - 1 },
    world: { ...FLUSH, ...CLOCKS_DIFFER },
  },
  {
    name: 'instances of an adopted command that may be claimed, since their records came later',
    without: { looksAtIntents: false },
    world: { ...FLUSH, life: 4 },
  },
  { name: 'an epoch that does not know promotions', without: { epochOf: 'process' }, world: FAILBACK },
  {
    name: 'versions that are counted, so that another history reaches the same one',
    without: { versions: 'counted' },
    world: { ...FLUSH, refusals: 1 },
    fault: 'overwritten',
  },
  {
    name: 'an end that is recorded where its beginning was forgotten',
    without: { endsReachSending: false },
    world: { batches: 1, flushes: 1, rollbacks: 1, acceptedUntil: 'deadline' },
    fault: 'orphaned',
  },
  {
    name: 'no second look at the pauses right before the send',
    without: { rechecksPause: false },
    world: { pauses: 1 },
    fault: 'sent-paused',
  },
];

for (const { name, without, world, fault = 'two-live' } of CASES) {
  test(`the model sees through ${name}`, () => {
    const model = { protocol: asCoded(without, Math.max(0, ...(world?.skews ?? []))), world: worldOf(world) };

    const found = search(model, new Set([fault]), MAX_STATES);

    expect(found.trace, `${fault} after ${found.states} states`).not.toBeNull();
  }, 120_000);
}

test('what the protocol does not cover: Redis loses an intent while its request is frozen between the last check and the socket', () => {
  const model = { protocol: asCoded(), world: worldOf({ flushes: 1, acceptedUntil: 'signature' }) };

  const found = search(model, new Set(['two-live']), MAX_STATES);

  expect(found.trace).toContain('Redis is flushed');
  expect(found.trace?.slice(-2)).toEqual(['AWS accepts 1', 'AWS accepts 2']);
});
