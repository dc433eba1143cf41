import { describe, expect, test } from 'vitest';
import type { NotifyChannel } from './channel.ts';
import { decideNotifications, type NotifyState } from './decide.ts';
import { Secret } from '../config/secret.ts';
import { type NotifyItem } from './notify-item.ts';
import { notifyTimings } from './timings.ts';
import type { NotifyBatch } from './told.ts';

const START_MS = Date.UTC(2026, 10, 22, 8);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function aChannel(
  facts: Partial<Omit<NotifyChannel, 'filter'>> & { readonly filter?: Partial<NotifyChannel['filter']> } = {},
) {
  const { filter, ...rest } = facts;
  return {
    name: 'ops',
    kind: 'slack',
    url: new Secret('https://hooks.example.com/T0'),
    resolved: true,
    perHour: 30,
    allowPrivate: false,
    ...rest,
    filter: { severity: 'warn', kinds: null, owners: null, units: null, accounts: null, ...filter },
  } as NotifyChannel;
}

function anItem(facts: Partial<NotifyItem> = {}): NotifyItem {
  const kind = facts.kind ?? 'config-skew';
  const scope = facts.scope ?? 'all';
  return {
    id: `${kind}@${scope}`,
    kind,
    scope,
    severity: 'warn',
    owner: 'operator',
    message: 'm',
    remedy: 'r',
    sinceMs: START_MS,
    count: 1,
    accountId: null,
    ...facts,
  };
}

const BRAKE = anItem({ kind: 'brake-engaged', severity: 'page' });

/** Schedulers that look every five seconds; messages that they begin are sent at once. */
function world(first: readonly NotifyChannel[], unitsOf: (id: string) => readonly string[] = () => []) {
  let state: NotifyState = { version: null, told: new Map(), queues: new Map(), busy: new Set() };
  let nowMs = START_MS;
  let serial = 0;
  let channels = first;
  let areJumpsKnown = true;
  const batches: NotifyBatch[] = [];
  const look = (items: readonly NotifyItem[], mutedIds: readonly string[] = []): void => {
    const decision = decideNotifications({
      state,
      items: items.filter(({ id }) => !mutedIds.includes(id)),
      mutedIds: new Set(mutedIds),
      areJumpsKnown,
      channels,
      unitsOf,
      timings: notifyTimings(1),
      nowMs,
      newId: () => `m${(serial += 1)}`,
    });
    const merge = <T>(known: ReadonlyMap<string, T>, news: ReadonlyMap<string, T | null>): Map<string, T> =>
      new Map([...new Map([...known, ...news])].filter((entry): entry is [string, T] => entry[1] !== null));
    state = {
      ...state,
      told: merge(state.told, decision.told),
      queues: merge(state.queues, decision.queues),
    };
    batches.push(...decision.batches);
  };
  return {
    look,
    /** Looks every five seconds for this long. */
    lookFor(ms: number, items: readonly NotifyItem[], mutedIds: readonly string[] = []): void {
      for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 5 * SECOND) look(items, mutedIds);
    },
    setBusy: (...names: readonly string[]) => {
      state = { ...state, busy: new Set(names) };
    },
    /** The next looks are of a scheduler that knows these channels. */
    know: (...known: readonly NotifyChannel[]) => {
      channels = known;
    },
    /** Whether history reaches back an hour for the next looks. */
    setHistory: (reachesBack: boolean) => {
      areJumpsKnown = reachesBack;
    },
    batches,
    /** `TYPE KIND SCOPE` of every event, message by message. */
    told: () =>
      batches.map(({ channel, events }) => [
        channel,
        ...events.map(({ type, kind, scope }) => `${type} ${kind} ${scope}`),
      ]),
    known: () => state.told,
  };
}

describe('what is told', () => {
  test('a finding is raised once, however long it stands, and resolved once when it is gone for a minute', () => {
    const one = world([aChannel()]);
    one.lookFor(30 * MINUTE, [anItem()]);
    one.lookFor(30 * MINUTE, []);

    expect(one.told()).toEqual([
      ['ops', 'raised config-skew all'],
      ['ops', 'resolved config-skew all'],
    ]);
  });

  test('a page is told within ten seconds, anything else after it has stood for a moment', () => {
    const one = world([aChannel()]);
    one.lookFor(11 * SECOND, [BRAKE, anItem()]);

    expect(one.told()).toEqual([['ops', 'raised brake-engaged all']]);
    one.lookFor(MINUTE, [BRAKE, anItem()]);
    expect(one.told()).toEqual([
      ['ops', 'raised brake-engaged all'],
      ['ops', 'raised config-skew all'],
    ]);
  });

  test('what comes and goes within seconds is no news', () => {
    const one = world([aChannel()]);
    for (let n = 0; n < 20; n += 1) {
      one.lookFor(5 * SECOND, [anItem()]);
      one.lookFor(5 * SECOND, []);
    }

    expect(one.told()).toEqual([]);
  });

  test('a finding that flaps every two minutes for two hours is a handful of messages', () => {
    const one = world([aChannel()]);
    for (let n = 0; n < 60; n += 1) {
      one.lookFor(MINUTE, [anItem()]);
      one.lookFor(MINUTE, []);
    }

    expect(one.told().length).toBeLessThanOrEqual(4);
    one.lookFor(40 * MINUTE, []);
    expect(one.told().at(-1)).toEqual(['ops', 'resolved config-skew all']);
  });

  test('a finding that grows is told again when it has doubled, and not every minute', () => {
    const one = world([aChannel()]);
    one.lookFor(MINUTE, [anItem({ count: 4 })]);
    for (let count = 5; count <= 60; count += 1) one.lookFor(MINUTE, [anItem({ count })]);

    expect(one.told()).toEqual([
      ['ops', 'raised config-skew all'],
      ['ops', 'changed config-skew all'],
      ['ops', 'changed config-skew all'],
    ]);
    expect(one.batches.map(({ events }) => events[0]?.count)).toEqual([4, 19, 38]);
  });

  test('a muted finding is told as muted, stays silent, and is raised again when the mute ends', () => {
    const one = world([aChannel()]);
    one.lookFor(2 * MINUTE, [anItem()]);
    one.lookFor(60 * MINUTE, [anItem()], [anItem().id]);
    one.lookFor(2 * MINUTE, [anItem()]);

    expect(one.told()).toEqual([
      ['ops', 'raised config-skew all'],
      ['ops', 'muted config-skew all'],
      ['ops', 'raised config-skew all'],
    ]);
  });

  test('a cause that became many is not told to be over while history has gaps, and a finding is', () => {
    const one = world([aChannel()]);
    const jump = anItem({ kind: 'cause:host-no-curl', scope: 'cause:host-no-curl' });
    one.lookFor(2 * MINUTE, [anItem(), jump]);
    one.setHistory(false);
    one.lookFor(30 * MINUTE, []);
    expect(one.batches.map(({ events }) => events.map(({ type, kind }) => `${type} ${kind}`))).toEqual([
      ['raised config-skew', 'raised cause:host-no-curl'],
      ['resolved config-skew'],
    ]);

    one.setHistory(true);
    one.lookFor(30 * MINUTE, []);
    expect(one.told().at(-1)).toEqual(['ops', 'resolved cause:host-no-curl cause:host-no-curl']);
  });

  test('what was told is forgotten an hour after it ended', () => {
    const one = world([aChannel()]);
    one.lookFor(2 * MINUTE, [anItem()]);
    one.lookFor(70 * MINUTE, []);

    expect(one.known().size).toBe(0);
  });
});

describe('how it is told', () => {
  const many = Array.from({ length: 400 }, (_, n) =>
    anItem({ kind: 'send-refused', scope: `account:${String(100_000_000_000 + n)}` }),
  );

  test('four hundred findings are one message, which says how many it leaves out', () => {
    const one = world([aChannel()]);
    one.lookFor(2 * MINUTE, many);

    expect(one.batches.map(({ events, leftOut }) => [events.length, leftOut])).toEqual([[200, 200]]);
  });

  test('a channel gets no more messages than its hour allows, and then all that waited in one', () => {
    const one = world([aChannel({ perHour: 2 })]);
    for (let n = 1; n <= 10; n += 1) one.lookFor(5 * MINUTE, many.slice(0, n));

    expect(one.batches.map(({ events }) => events.length)).toEqual([1, 1]);
    one.lookFor(15 * MINUTE, many.slice(0, 10));
    expect(one.batches.map(({ events }) => events.length)).toEqual([1, 1, 8]);
  });

  test('while a message is under way the next one gathers, and a channel that does not answer holds up no other', () => {
    const one = world([aChannel(), aChannel({ name: 'quick' })]);
    one.setBusy('ops');
    one.lookFor(5 * MINUTE, many.slice(0, 1));
    one.lookFor(5 * MINUTE, many.slice(0, 2));
    expect(one.batches.map(({ channel, events }) => [channel, events.length])).toEqual([
      ['quick', 1],
      ['quick', 1],
    ]);

    one.setBusy();
    one.look(many.slice(0, 2));
    expect(one.batches.at(-1)).toMatchObject({ channel: 'ops', events: [{}, {}] });
  });

  test('what has ended before it was sent is not told at all', () => {
    const one = world([aChannel()]);
    one.setBusy('ops');
    one.lookFor(5 * MINUTE, [anItem()]);
    one.lookFor(5 * MINUTE, []);
    one.setBusy();
    one.lookFor(5 * MINUTE, []);

    expect(one.told()).toEqual([]);
  });

  test('a channel that wants no endings gets none', () => {
    const one = world([aChannel({ resolved: false })]);
    one.lookFor(2 * MINUTE, [anItem()]);
    one.lookFor(10 * MINUTE, []);

    expect(one.told()).toEqual([['ops', 'raised config-skew all']]);
  });
});

describe('two schedulers that know different channels', () => {
  test('what one queued for a channel that the other does not know yet is told all the same', () => {
    const one = world([aChannel({ name: 'new' })]);
    one.look([BRAKE]);
    one.know(aChannel({ name: 'old' }));
    one.lookFor(59 * MINUTE, [BRAKE]);
    one.know(aChannel({ name: 'new' }), aChannel({ name: 'old' }));
    one.look([BRAKE]);

    expect(one.told()).toEqual([['new', 'raised brake-engaged all']]);
  });

  test('a channel that no scheduler has known for an hour is forgotten', () => {
    const one = world([aChannel({ name: 'gone' })]);
    one.look([BRAKE]);
    one.know(aChannel({ name: 'old' }));
    one.lookFor(61 * MINUTE, [BRAKE]);
    one.know(aChannel({ name: 'gone' }));
    one.look([BRAKE]);

    expect(one.told()).toEqual([]);
  });
});

describe('which channel is told', () => {
  const denied = anItem({
    kind: 'send-refused',
    scope: 'account:111122223333',
    owner: 'aws-admin',
    accountId: '111122223333',
  });
  const info = anItem({ kind: 'labels-failed', severity: 'info', owner: 'teleport-admin' });
  const ownFailure = anItem({ kind: 'notify-failed', scope: 'channel:ops' });
  const all = [BRAKE, anItem(), denied, info, ownFailure];
  const units = (id: string): readonly string[] => (id === '111122223333' ? ['r-ab12', 'ou-ab12-x'] : []);

  test.each([
    ['severity page', { severity: 'page' }, ['brake-engaged']],
    [
      'severity info',
      { severity: 'info' },
      ['brake-engaged', 'config-skew', 'send-refused', 'labels-failed'],
    ],
    ['a kind', { kinds: ['config-skew'] }, ['config-skew']],
    ['an owner', { owners: ['aws-admin'] }, ['send-refused']],
    ['an account', { accounts: ['111122223333'] }, ['send-refused']],
    ['another account', { accounts: ['999999999999'] }, []],
    ['a unit', { units: ['ou-ab12-x'] }, ['send-refused']],
    ['another unit', { units: ['ou-ab12-y'] }, []],
  ] as const)('by %s', (_, filter, kinds) => {
    const one = world([aChannel({ filter })], units);
    one.lookFor(2 * MINUTE, all);

    expect(one.batches.flatMap(({ events }) => events.map(({ kind }) => kind))).toEqual(kinds);
  });
});
