import { z } from 'zod';

/**
 * Plain values as a configuration holds them, each with the words for what it must be. They read what YAML gave
 * (`readYaml`) and carry their own JSON Schema, because an editor checks what is written, not what it becomes.
 */

interface Json {
  readonly [keyword: string]: unknown;
}

/** Texts need no quotes: a number or a boolean is taken as it was written. */
const TEXT_TYPES = ['string', 'number', 'boolean'];

type Reading<T> = { readonly value: T } | { readonly problem: string };

function plainValue<T>(json: Json, read: (value: unknown) => Reading<T>): z.ZodType<T> {
  return z
    .unknown()
    .meta(json)
    .transform((value, context): T => {
      const reading = read(value);
      if ('value' in reading) return reading.value;
      context.issues.push({ code: 'custom', input: value, message: reading.problem });
      return z.NEVER;
    });
}

/** A text. Numbers and booleans count as the text they were written as, as in Go's decoder. */
export function text(): z.ZodType<string> {
  return plainValue({ type: TEXT_TYPES }, (value) => {
    const found = asText(value);
    return found === null ? { problem: mustBe('a text', value) } : { value: found };
  });
}

/** A text that may be confidential: what was found is never repeated. */
export function confidentialText(): z.ZodType<string> {
  return plainValue({ type: TEXT_TYPES }, (value) => {
    const found = asText(value);
    return found === null ? { problem: `must be a text, found ${kindOf(value)}` } : { value: found };
  });
}

/** One text of a closed list. */
export function oneOf<const Words extends readonly string[]>(...words: Words): z.ZodType<Words[number]> {
  return plainValue({ enum: words }, (value) => {
    const found = asText(value);
    const word = words.find((candidate) => candidate === found);
    return word === undefined
      ? { problem: mustBe(words.length === 1 ? String(words[0]) : `one of ${words.join(', ')}`, value) }
      : { value: word };
  });
}

/** A list of texts; a single text is not a list. */
export function textList(): z.ZodType<readonly string[]> {
  return z.array(text());
}

/** A text or a list of texts, read as a list. */
export function textOrList(): z.ZodType<readonly string[]> {
  return plainValue(
    { anyOf: [{ type: TEXT_TYPES }, { type: 'array', items: { type: TEXT_TYPES } }] },
    (value): Reading<readonly string[]> => {
      const list = (Array.isArray(value) ? value : [value]).map(asText);
      const texts = list.filter((item) => item !== null);
      return texts.length === list.length
        ? { value: texts }
        : { problem: mustBe('a text or a list of texts', value) };
    },
  );
}

const TRUE_WORDS = new Set(['true', 'yes', 'yeah', 'y', 'on', '1']);
const FALSE_WORDS = new Set(['false', 'no', 'nope', 'n', 'off', '0']);

/** Yes or no, in any of the words that Teleport takes. */
export function flag(): z.ZodType<boolean> {
  return plainValue({ type: ['boolean', 'string'] }, (value) => {
    const word = asText(value)?.toLowerCase() ?? '';
    if (TRUE_WORDS.has(word)) return { value: true };
    return FALSE_WORDS.has(word) ? { value: false } : { problem: mustBe('true or false', value) };
  });
}

/** A whole number between two bounds, both allowed. */
export function whole(min: number, max: number): z.ZodType<number> {
  return plainValue({ type: 'integer', minimum: min, maximum: max }, (value) => {
    const found = asText(value) ?? '';
    const number = /^-?\d{1,15}$/.test(found) ? Number(found) : Number.NaN;
    return number >= min && number <= max
      ? { value: number }
      : { problem: mustBe(`a whole number from ${min} to ${max}`, value) };
  });
}

/** A share from 0 to 1, or as a percentage (`50%`). */
export function share(): z.ZodType<number> {
  return plainValue({ type: ['number', 'string'], minimum: 0, maximum: 1 }, (value) => {
    const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(asText(value) ?? '');
    const number = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
    return number <= 1
      ? { value: number }
      : { problem: mustBe('a share from 0 to 1, such as 0.5 or 50%', value) };
  });
}

/** Timers cannot wait longer. */
const LONGEST_MS = 20 * 86_400_000;

/** A duration in Go's spelling, in milliseconds. */
export function duration(minMs: number, maxMs: number = LONGEST_MS): z.ZodType<number> {
  return plainValue({ type: 'string', pattern: DURATION_PATTERN }, (value) => {
    const found = asText(value) ?? '';
    const ms = parseDuration(found);
    if (ms === null) {
      const unit = /^\d+(\.\d+)?$/.test(found) ? ` (a unit is missing: ${found}s?)` : '';
      return { problem: `${mustBe('a duration such as 90s, 5m or 1h30m', value)}${unit}` };
    }
    if (ms < minMs || ms > maxMs) {
      return {
        problem: mustBe(`a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`, value),
      };
    }
    return { value: ms };
  });
}

const DURATION_PATTERN = '^(0|([0-9]*\\.?[0-9]+(ns|us|µs|ms|s|m|h))+)$';

const MOMENT = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/;

/** A moment, epoch ms: a date (0:00 UTC), or a date with a time and its offset from UTC. */
export function moment(): z.ZodType<number> {
  return plainValue({ type: 'string' }, (value) => {
    const found = asText(value) ?? '';
    const atMs = MOMENT.test(found) ? Date.parse(found.replace(' ', 'T')) : Number.NaN;
    // JavaScript takes the 31st of February for the 3rd of March.
    const isDay = !Number.isNaN(atMs) && isDayOfCalendar(found.slice(0, 10));
    return isDay
      ? { value: atMs }
      : {
          problem: mustBe(
            'a date such as 2027-01-11, or a time with its offset such as 2027-01-11T08:00:00+01:00',
            value,
          ),
        };
  });
}

function isDayOfCalendar(day: string): boolean {
  const atMs = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(day);
}

/** A list whose entries are read one by one, so that a fault in one hides none of the others. @param shape of an entry */
export function entries(shape: z.ZodType): z.ZodType<readonly unknown[]> {
  const { $schema: _, ...json } = z.toJSONSchema(shape, { io: 'input', target: 'draft-7', reused: 'inline' });
  return z.array(z.unknown().meta(json));
}

/** A key that is known, and never allowed. */
export function refused(message: string): z.ZodType<never> {
  return plainValue<never>({ not: {} }, () => ({ problem: message }));
}

/** Anything at all: a part that is known by name and not read. */
export function ignored(): z.ZodType {
  return z.unknown();
}

/** What a value is, in words for a message; texts are shown, cut at 40 characters. */
export function describeFound(value: unknown): string {
  if (typeof value === 'string') {
    return value === ''
      ? 'an empty text'
      : `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return kindOf(value);
}

function mustBe(what: string, value: unknown): string {
  return `must be ${what}, found ${describeFound(value)}`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `a ${typeof value}`;
}

function asText(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : null;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * Milliseconds of a duration as Go writes it (`5m`, `1h30m`, `1.5h`, `-90s`); a bare `0` needs no unit. Null when it is
 * none. Fractions of a millisecond are kept.
 *
 * Source: https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | null {
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0;
  if (body === '') return null;
  let totalMs = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < body.length) {
    const part = PART.exec(body);
    if (part === null) return null;
    totalMs += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? 0);
  }
  return sign * totalMs;
}

/** The reverse, for people: `1h30m`, `5m`, `2.5s`, `40ms`. Whole hours and minutes are not followed by zeros. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return ms === 0 ? '0s' : `${Number(ms.toFixed(3))}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = Number(((ms % 60_000) / 1000).toFixed(3));
  return `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes}m` : ''}${seconds > 0 ? `${seconds}s` : ''}`;
}
