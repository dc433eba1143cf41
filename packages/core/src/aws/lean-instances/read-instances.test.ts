import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type AnInstance,
  answerOf,
  type AReservation,
  sendThrough,
  usedFields,
  wireAnswer,
} from './answers.fixture.ts';
import { type LeanPage, readInstances } from './read-instances.ts';

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '',
    ' ',
    'a  b',
    '<b>&amp;</b>',
    '&',
    '&&;',
    ']]>',
    'Zürich 東京 🚀',
    '__proto__',
    'constructor',
    '"\'',
  ),
);
const A_HOST: AnInstance = {
  id: 'i-0123456789abcdef0',
  state: 'running',
  platform: null,
  launchTime: '2026-01-02T03:04:05.000Z',
  tags: [['Name', 'a & b <c> "d" 東京']],
  hasProfile: true,
};

const instance: fc.Arbitrary<AnInstance> = fc.record({
  id: fc
    .string({ minLength: 17, maxLength: 17, unit: fc.constantFrom('0', '1', '7', '9', 'a', 'c', 'f') })
    .map((id) => `i-${id}`),
  state: fc.constantFrom(
    'pending',
    'running',
    'stopping',
    'stopped',
    'shutting-down',
    'terminated',
    'new-word',
  ),
  platform: fc.constantFrom(null, 'windows', 'Windows'),
  launchTime: fc.oneof(
    fc
      .date({ min: new Date(0), max: new Date('2099-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    fc.constantFrom('2026-01-02T03:04:05Z', '2026-02-31T00:00:00.000Z', '2026-06-30T23:59:60.000Z'),
  ),
  tags: fc.array(fc.tuple(text, text), { maxLength: 4 }),
  hasProfile: fc.boolean(),
});

const reservation: fc.Arbitrary<AReservation> = fc.record({
  ownerId: fc.constantFrom('111122223333', '000000000001'),
  instances: fc.array(instance, { maxLength: 3 }),
});

const answer = fc
  .tuple(
    fc.array(reservation, { maxLength: 4 }),
    fc.option(fc.string({ maxLength: 30 })),
    fc.constantFrom('', '\n', '\n    '),
  )
  .map(([reservations, token, between]) => answerOf(reservations, token, between));

/** What the SDK says of an answer; null when it throws. */
async function bySdk(xml: Buffer): Promise<unknown> {
  try {
    return usedFields(await sendThrough('sdk', { chunks: [xml] }));
  } catch {
    return null;
  }
}

function readText(xml: string): LeanPage | null {
  return readInstances(Buffer.from(xml));
}

describe('in every field that is used', () => {
  it('equals the SDK over generated answers', { timeout: 120_000 }, async () => {
    let read = 0;
    await fc.assert(
      fc.asyncProperty(answer, async (xml) => {
        const lean = readText(xml);

        if (lean === null) return;
        read += 1;
        expect(usedFields(lean)).toEqual(await bySdk(Buffer.from(xml)));
      }),
      { numRuns: 600 },
    );
    // Odd texts are left to the SDK; most answers must not be, or nothing was compared.
    expect(read).toBeGreaterThan(200);
  });

  it('reads what EC2 really writes itself, and leaves none of it to the SDK', () => {
    const page = readText(answerOf([{ ownerId: '111122223333', instances: [A_HOST, A_HOST] }], 'next'));

    expect(page).toEqual({
      Reservations: [
        {
          OwnerId: '111122223333',
          Instances: Array.from({ length: 2 }, () => ({
            InstanceId: A_HOST.id,
            State: { Name: 'running' },
            LaunchTime: new Date(A_HOST.launchTime),
            Tags: [{ Key: 'Name', Value: 'a & b <c> "d" 東京' }],
            IamInstanceProfile: {},
          })),
        },
      ],
      NextToken: 'next',
    });
  });

  it('equals the SDK, or leaves it to the SDK, over answers that were damaged', {
    timeout: 120_000,
  }, async () => {
    let read = 0;
    await fc.assert(
      fc.asyncProperty(
        tameAnswer,
        fc.array(damage, { minLength: 1, maxLength: 2 }),
        async (good, damages) => {
          let xml = good;
          for (const one of damages) xml = spoil(xml, one);

          const lean = readText(xml);

          if (lean === null) return;
          const sdk = await sdkOrUnusedField(xml);
          if (sdk === 'unused field') return;
          read += 1;
          expect(usedFields(lean)).toEqual(sdk);
        },
      ),
      { numRuns: 1_500 },
    );
    expect(read).toBeGreaterThan(250);
  });

  it('equals the SDK over answers that are no UTF-8', { timeout: 120_000 }, async () => {
    let odd = 0;
    await fc.assert(
      fc.asyncProperty(
        tameAnswer,
        fc.array(oddBytes, { minLength: 1, maxLength: 3 }),
        async (good, places) => {
          let xml = Buffer.from(good);
          for (const place of places) xml = withOddBytes(xml, place);

          const lean = readInstances(xml);

          if (lean === null) return;
          const fields = usedFields(lean);
          if (JSON.stringify(fields).includes('\u{fffd}')) odd += 1;
          expect(fields).toEqual(await bySdk(xml));
        },
      ),
      { numRuns: 600 },
    );
    expect(odd).toBeGreaterThan(100);
  });
});

interface OddBytes {
  /** Which of the texts of the tags, by the share of them that lies before. */
  readonly text: number;
  /** Where in it. */
  readonly at: number;
  readonly bytes: readonly number[];
}

/** Parts of characters, bytes that no character has, and whole characters that decoders like to drop. */
const oddBytes: fc.Arbitrary<OddBytes> = fc.record({
  text: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  at: fc.nat({ max: 5 }),
  bytes: fc.oneof(
    fc.array(fc.integer({ min: 0x80, max: 0xff }), { minLength: 1, maxLength: 4 }),
    fc.constantFrom([0xe6], [0xe6, 0x9d], [0xf0, 0x9f, 0x9a], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90]),
    fc.constantFrom([0xef, 0xbb, 0xbf], [0xe2, 0x80, 0xa8], [0xc2, 0xa0], [0x00]),
  ),
});

function withOddBytes(xml: Buffer, { text, at, bytes }: OddBytes): Buffer<ArrayBuffer> {
  const texts = [...xml.toString('latin1').matchAll(/<(?:key|value|nextToken|ownerId)>([^<]*)</g)];
  const chosen = texts[Math.floor(text * texts.length)];
  const end = (chosen?.index ?? 0) + (chosen?.[0].length ?? 1) - 1;
  const place = Math.max(end - (chosen?.[1]?.length ?? 0), end - at);
  return Buffer.concat([xml.subarray(0, place), Uint8Array.from(bytes), xml.subarray(place)]);
}

/** With texts that are read, so that what is wrong with an answer is the damage alone. */
const tameAnswer = fc
  .array(
    fc.record({
      ownerId: fc.constantFrom('111122223333', '000000000001'),
      instances: fc.array(
        instance.map((one) => ({
          ...one,
          launchTime: '2026-01-02T03:04:05.000Z',
          tags: [
            ['a', '1 & 2'],
            ['b', ''],
          ] as const,
        })),
        { minLength: 1, maxLength: 2 },
      ),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .map((reservations) => answerOf(reservations, 'token', '\n  '));

interface Damage {
  /** Where: the share of the text, or of its elements, that lies before. */
  readonly at: number;
  readonly length: number;
  readonly kind:
    | 'cut'
    | 'repeat'
    | 'insert'
    | 'truncate'
    | 'drop element'
    | 'repeat element'
    | 'empty element'
    | 'move element';
  readonly what: string;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  length: fc.nat({ max: 60 }),
  kind: fc.constantFrom(
    'cut',
    'repeat',
    'insert',
    'truncate',
    'drop element',
    'repeat element',
    'empty element',
    'move element',
  ),
  what: fc.constantFrom(
    '<item>',
    '</item>',
    '<item/>',
    '</instancesSet>',
    '<instanceId>i-0</instanceId>',
    '<!-- x -->',
    '&',
    '&#65;',
    '<![CDATA[<a>]]>',
    '<a b="c>d"/>',
    ' ',
    '\n',
    'x',
    '<',
    '>',
    '<ownerId>1</ownerId>',
    '</reservationSet>',
    '<reservationSet/>',
    '<nextToken/>',
    '\r\n',
    '<tagSet/>',
    '<?pi?>',
    '\u0000',
    '</item><item>',
    '<new>&lt;</new>',
  ),
});

function spoil(xml: string, { at, length, kind, what }: Damage): string {
  const from = Math.floor(at * xml.length);
  const elements = [...xml.matchAll(/<(\w+)(?:\/>|>(?:[^<]|<(?!\/?\1>))*<\/\1>)/g)];
  const element = elements[Math.floor(at * elements.length)];
  const start = element?.index ?? 0;
  const end = start + (element?.[0].length ?? 0);
  switch (kind) {
    case 'cut':
      return xml.slice(0, from) + xml.slice(from + length);
    case 'repeat':
      return xml.slice(0, from + length) + xml.slice(from);
    case 'insert':
      return xml.slice(0, from) + what + xml.slice(from);
    case 'truncate':
      return xml.slice(0, from);
    case 'drop element':
      return xml.slice(0, start) + xml.slice(end);
    case 'repeat element':
      return xml.slice(0, end) + xml.slice(start);
    case 'empty element':
      return `${xml.slice(0, start)}<${element?.[1] ?? 'x'}/>${xml.slice(end)}`;
    case 'move element': {
      const without = xml.slice(0, start) + xml.slice(end);
      const next = without.indexOf('>', Math.floor((length / 60) * without.length)) + 1;
      return without.slice(0, next) + (element?.[0] ?? '') + without.slice(next);
    }
    default:
      return kind satisfies never;
  }
}

/** The SDK gives an answer up for what it cannot read in a field that Muster does not use; lean reads past it. */
async function sdkOrUnusedField(xml: string): Promise<unknown> {
  try {
    return usedFields(await sendThrough('sdk', wireAnswer(xml)));
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    return /RFC3339|out of range|must be between|unhandled schema type/i.test(message)
      ? 'unused field'
      : error;
  }
}

test.each(['ownerId', 'instanceId', 'name', 'launchTime', 'key', 'value', 'nextToken'])(
  'a %s that is no text, or comes twice, is left to the SDK',
  (name) => {
    const good = answerOf([{ ownerId: '111122223333', instances: [A_HOST] }], 'token');
    const element = new RegExp(`<${name}>[^<]*</${name}>`).exec(good)?.[0] ?? '';

    expect(readText(good)).not.toBeNull();
    expect(readText(good.replace(element, `<${name}><x/></${name}>`))).toBeNull();
    expect(readText(good.replace(element, element + element))).toBeNull();
  },
);

test.each([
  ['nothing', ''],
  ['a page of something in between', '<html><body><reservationSet/></body></html>'],
  [
    'an answer without its list',
    '<DescribeInstancesResponse><requestId>r</requestId></DescribeInstancesResponse>',
  ],
  ['half of an answer', answerOf([]).slice(0, -30)],
  ['an answer to another question', answerOf([]).replaceAll('DescribeInstances', 'DescribeRegions')],
  [
    'a list within something else',
    '<DescribeInstancesResponse><a><reservationSet/></a></DescribeInstancesResponse>',
  ],
  ['two lists', answerOf([]).replace('<reservationSet>', '<reservationSet/><reservationSet>')],
  ['a comment', answerOf([]).replace('<reservationSet>', '<!-- <reservationSet> --><reservationSet>')],
])('%s is never zero instances', (_name, xml) => {
  expect(readText(xml)).toBeNull();
});

test('an empty list is zero instances', () => {
  expect(readText(answerOf([]))).toEqual({ Reservations: [] });
  expect(readText('<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>')).toEqual({
    Reservations: [],
  });
});

test('nesting without end is left to the SDK', () => {
  const deep = `${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`;

  expect(readText(answerOf([]).replace('<reservationSet>', `${deep}<reservationSet>`))).toBeNull();
});
