/**
 * The protocol of docs/sending-once.md, searched exhaustively: two workers and one instance, every order of their atomic
 * actions, any delay between two of them, and the faults of each world at any moment. The larger worlds take minutes:
 * `MUSTER_MODEL=long` looks at them too.
 */
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { asCoded, worldOf, type Protocol, type World } from './protocol.ts';
import { search } from './search.ts';
import type { Fault } from './state.ts';

const ALL: ReadonlySet<Fault> = new Set(['two-live', 'overwritten', 'sent-paused', 'orphaned']);
const isLong = process.env['MUSTER_MODEL'] === 'long';
const MAX_STATES = isLong ? 8_000_000 : 1_000_000;
/** A request is at AWS before `notAfter`, or never: what the protocol takes for granted while Redis loses data. */
const IN_TIME = { acceptedUntil: 'deadline', life: 4 } as const;

interface Case {
  readonly name: string;
  readonly world: Partial<World>;
  readonly protocol?: Partial<Protocol>;
  /** Too large for every day. */
  readonly large?: true;
}

const CASES: readonly Case[] = [
  { name: 'a worker dies anywhere, an answer is lost, AWS refuses', world: { crashes: 1, refusals: 1 } },
  { name: 'three commands one after another', world: { batches: 3 }, large: true },
  { name: 'the clocks of two workers differ', world: { skews: [0, 1] } },
  { name: 'the operator pauses and resumes', world: { pauses: 1, batches: 1 } },
  { name: 'Redis is flushed', world: { flushes: 1, ...IN_TIME } },
  { name: 'Redis comes back older', world: { rollbacks: 1, ...IN_TIME }, large: true },
  {
    name: 'Redis fails over to a lagging replica and back',
    world: { rollbacks: 1, failbacks: 1, ...IN_TIME, life: 2 },
    large: true,
  },
  {
    name: 'Redis is flushed, and then comes back older, with one command',
    world: { batches: 1, flushes: 1, rollbacks: 1, acceptedUntil: 'deadline' },
    large: true,
  },
  {
    name: 'Redis is flushed while clocks differ',
    world: { flushes: 1, skews: [0, 1], ...IN_TIME },
    large: true,
  },
  {
    name: 'Redis is flushed, a worker dies and AWS refuses',
    world: { flushes: 1, crashes: 1, refusals: 1, ...IN_TIME },
    large: true,
  },
  {
    name: 'Redis is flushed under a frozen request, were the wait after it as long as resendAfter',
    world: { flushes: 1 },
    protocol: { epochWait: asCoded().resendAfter },
    large: true,
  },
];

describe('no instance ever has two live commands, no decision overwrites another, and nothing waits in vain', () => {
  for (const { name, world, protocol, large } of CASES) {
    test.skipIf(large === true && !isLong)(
      `${name}: never twice`,
      () => {
        const found = search(
          { protocol: asCoded(protocol, Math.max(0, ...(world.skews ?? []))), world: worldOf(world) },
          ALL,
          MAX_STATES,
        );

        if (isLong) {
          process.stdout.write(
            `${name}: ${found.states} states, ${found.moves} moves, depth ${found.depth}\n`,
          );
        }
        expect(found.trace).toBeNull();
        expect(found.isComplete).toBe(true);
        expect(found.states).toBeGreaterThan(5_000);
      },
      1_800_000,
    );
  }
});
