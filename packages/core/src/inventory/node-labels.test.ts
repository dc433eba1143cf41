import { assert, dictionary, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstanceId } from '../organization/ids.ts';
import {
  digestOfTags,
  digestOfTarget,
  keepLabels,
  labelsOfTags,
  NO_TAGS,
  planLabels,
} from './node-labels.ts';

const id = (n: number): InstanceId => `i-0000000000000000${n}` as InstanceId;
const HOUR = 3_600_000;
const lifetime = { lifetimeMs: 6 * HOUR };

describe('labelsOfTags', () => {
  it('puts tags under aws/', () => {
    expect(labelsOfTags({ Name: 'web 1', 'aws:autoscaling:groupName': 'g', 'team/x': 'é漢' })).toEqual({
      'aws/Name': 'web 1',
      'aws/aws:autoscaling:groupName': 'g',
      'aws/team/x': 'é漢',
    });
  });

  it.each(['with space', 'a@b', 'a=b', 'a+b', 'ä', '', '$(id)', "a'b", 'x'.repeat(129)])(
    'leaves out the key %j, which Teleport does not take',
    (key) => {
      expect(labelsOfTags({ [key]: 'v', ok: 'v' })).toEqual({ 'aws/ok': 'v' });
    },
  );

  it.each(['a\nb', '\u001b[2J', 'a\u0085b', 'a\u0000', 'x'.repeat(257)])(
    'leaves out the value %j',
    (value) => {
      expect(labelsOfTags({ a: value, ok: 'v' })).toEqual({ 'aws/ok': 'v' });
    },
  );

  it('takes any tags: at most 64 labels that Teleport takes', () => {
    const tags = dictionary(string({ unit: 'binary', maxLength: 140 }), string({ unit: 'binary' }), {
      maxKeys: 90,
    });
    assert(
      property(tags, (given) => {
        const labels = Object.entries(labelsOfTags(given));
        expect(labels.length).toBeLessThanOrEqual(64);
        for (const [key, value] of labels) {
          expect(key).toMatch(/^aws\/[a-zA-Z/.0-9_:*-]{1,128}$/);
          expect(value.isWellFormed()).toBe(true);
          expect(value).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });

  it('has no special keys', () => {
    const tags = JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, string>;
    expect(Object.entries(labelsOfTags(tags))).toEqual([
      ['aws/__proto__', 'x'],
      ['aws/constructor', 'y'],
    ]);
  });
});

describe('digests', () => {
  it('do not depend on order, and do on every key, value and border between them', () => {
    expect(digestOfTags({ a: '1', b: '2' })).toBe(digestOfTags({ b: '2', a: '1' }));
    const all = [{}, { a: '1' }, { a: '12' }, { a1: '2' }, { a: '1', b: '2' }, { a: '2', b: '1' }, { a: '' }];
    expect(new Set(all.map(digestOfTags)).size).toBe(all.length);
  });

  it('of a target tell whose tags they are', () => {
    const of = (...pairs: [number, Record<string, string>][]): string =>
      digestOfTarget(pairs.map(([n, tags]) => ({ instanceId: id(n), tags })));
    expect(of([1, { a: '1' }], [2, { a: '2' }])).toBe(of([2, { a: '2' }], [1, { a: '1' }]));
    expect(of([1, { a: '1' }], [2, { a: '2' }])).not.toBe(of([1, { a: '2' }], [2, { a: '1' }]));
    expect(of([1, {}])).not.toBe(of([2, {}]));
    expect(of()).not.toBe(of([1, {}]));
  });
});

describe('planLabels', () => {
  const now = 100 * HOUR;
  const wanted = (...given: [number, Record<string, string>][]) =>
    new Map(given.map(([n, tags]) => [id(n), { instanceId: id(n), tags }]));
  const written = (...given: [number, Record<string, string>, number][]) =>
    new Map(
      given.map(([n, tags, hours]) => [
        id(n),
        { digest: digestOfTags(tags), expiresAtMs: now + hours * HOUR },
      ]),
    );
  const none: ReadonlySet<InstanceId> = new Set();

  it('writes what is new and what changed, and nothing else', () => {
    const plan = planLabels(
      {
        wanted: wanted([1, { a: '1' }], [2, { a: '2' }], [3, { a: '3' }]),
        unmatched: none,
        kept: none,
        written: written([2, { a: '2' }, 6], [3, { a: 'old', b: 'gone' }, 6]),
      },
      now,
      lifetime,
    );
    expect(plan.changes.map(({ instanceId, labels }) => [instanceId, labels])).toEqual([
      [id(1), { 'aws/a': '1' }],
      [id(3), { 'aws/a': '3' }],
    ]);
    expect(plan.refreshAtMs).toBe(now + 4 * HOUR);
  });

  it('refreshes what ends soon, and says when the next one must be', () => {
    const plan = planLabels(
      {
        wanted: wanted([1, { a: '1' }], [2, { a: '2' }]),
        unmatched: none,
        kept: none,
        written: written([1, { a: '1' }, 2], [2, { a: '2' }, 5]),
      },
      now,
      lifetime,
    );
    expect(plan.changes.map(({ instanceId }) => instanceId)).toEqual([id(1)]);
    expect(plan.refreshAtMs).toBe(now + 3 * HOUR);
  });

  it('takes the labels back of an instance that lost the last tag, is no longer selected, or is gone', () => {
    const plan = planLabels(
      {
        wanted: wanted([1, {}], [5, {}]),
        unmatched: new Set([id(2), id(4)]),
        kept: new Set([id(6)]),
        written: written(
          [1, { a: '1' }, 6],
          [2, { a: '2' }, 6],
          [3, { a: '3' }, 6],
          [4, {}, 6],
          [6, { a: '6' }, 6],
        ),
      },
      now,
      lifetime,
    );
    expect(plan.changes).toEqual([
      { instanceId: id(1), digest: NO_TAGS, labels: {}, gone: false },
      { instanceId: id(2), digest: NO_TAGS, labels: {}, gone: false },
      { instanceId: id(3), digest: NO_TAGS, labels: {}, gone: true },
    ]);
  });
});

it('of labels that were stored, only those that tags can have become are kept, and the others are counted', () => {
  const labels = {
    'aws/Name': 'web',
    owner: 'x',
    'teleport.dev/origin': 'cloud',
    'aws/a b': '',
    'aws/n': '\u001b[2J',
  };

  expect(keepLabels(labels)).toEqual({ kept: { 'aws/Name': 'web' }, dropped: 4 });
  expect(keepLabels(labelsOfTags({ Name: 'web' }))).toMatchObject({ dropped: 0 });
});
