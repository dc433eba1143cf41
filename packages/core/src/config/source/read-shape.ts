import { z } from 'zod';
import type { ConfigPath } from './report.ts';
import { nearest, otherWordFor } from './suggest.ts';
import { describeFound } from '../value-shapes.ts';

/** Something wrong with the shape of a part. */
export interface ShapeFault {
  /** From the part's own top. */
  readonly path: ConfigPath;
  readonly message: string;
  /** Whether the key is at fault rather than its value. */
  readonly aboutKey: boolean;
  /** The key that an unknown one is probably a mistake for, so that it is not reported missing too. */
  readonly meant: string | null;
}

export interface ShapeReading<T> {
  /** What could be read; a faulty part is left out, as if it had not been written. */
  readonly value: T;
  readonly faults: readonly ShapeFault[];
}

/**
 * Reads a part of the configuration by its schema, and goes on past every fault: a faulty part is cut out and the rest
 * read again, so that one slip hides neither the others nor the rules between keys. Every key of the schema must be
 * optional (or have a default); what must be there is a rule's business.
 */
export function readShape<T>(schema: z.ZodType<T>, input: unknown): ShapeReading<T> {
  let value: unknown = structuredClone(input === undefined ? {} : input);
  const faults: ShapeFault[] = [];
  // Each round removes at least one part; the bound only guards against a schema that breaks the promise above.
  for (let round = 0; round < 1000; round += 1) {
    const result = schema.safeParse(value);
    if (result.success) return { value: result.data, faults };
    for (const issue of result.error.issues) {
      const found = faultsOfIssue(schema, issue, value);
      faults.push(...found);
    }
    for (const issue of result.error.issues) value = withoutIssue(value, issue);
  }
  throw new Error('a configuration schema refuses an empty map');
}

function faultsOfIssue(schema: z.ZodType, issue: z.core.$ZodIssue, value: unknown): readonly ShapeFault[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      aboutKey: true,
      ...unknownKey(schema, path, key),
    }));
  }
  if (issue.code === 'invalid_type') {
    const found = describeFound(valueAt(value, path));
    return [
      {
        path,
        message: `must be ${EXPECTED[issue.expected] ?? issue.expected}, found ${found}`,
        aboutKey: false,
        meant: null,
      },
    ];
  }
  return [{ path, message: issue.message, aboutKey: false, meant: null }];
}

const EXPECTED: Readonly<Record<string, string>> = { object: 'a map', record: 'a map', array: 'a list' };

/** The message for a key that nothing knows here: the nearest one that is known, or where the key belongs. */
function unknownKey(schema: z.ZodType, path: ConfigPath, key: string): Pick<ShapeFault, 'message' | 'meant'> {
  const home = findKey(schema, key, []);
  if (home !== null) return { message: `unknown key here: it belongs under ${home.join('.')}`, meant: null };
  const known = keysAt(schema, path);
  const meant = otherWordFor(key, known) ?? nearest(key, known);
  if (meant !== null) return { message: `unknown key: did you mean ${meant}?`, meant };
  const top = path.length === 0 ? [] : keysAt(schema, []);
  const above = top.includes(key) ? key : otherWordFor(key, top);
  if (above !== null) {
    return { message: `unknown key here: did you mean ${above}, beside ${String(path[0])}?`, meant: null };
  }
  return { message: `unknown key; known here: ${known.join(', ')}`, meant: null };
}

/** The keys that a schema knows at a path; empty where any key is allowed. */
export function keysAt(schema: z.ZodType, path: ConfigPath): readonly string[] {
  let here = formsOf(schema);
  for (const step of path) {
    here = here.flatMap((form) => {
      if (form instanceof z.ZodObject) return formsOf(form.shape[String(step)]);
      return form instanceof z.ZodArray ? formsOf(form.element) : [];
    });
  }
  return [...new Set(here.flatMap((form) => (form instanceof z.ZodObject ? Object.keys(form.shape) : [])))];
}

/** What a value may be: one schema, or those of a union. */
function formsOf(schema: unknown): readonly unknown[] {
  const here = core(schema);
  return here instanceof z.ZodUnion ? here.options.flatMap(formsOf) : [here];
}

/** Path of the first key of this name below `schema`, without the key itself. */
function findKey(schema: unknown, key: string, path: readonly string[]): readonly string[] | null {
  const here = core(schema);
  if (here instanceof z.ZodArray) return findKey(here.element, key, path);
  if (!(here instanceof z.ZodObject)) return null;
  if (path.length > 0 && Object.hasOwn(here.shape, key)) return path;
  for (const [name, child] of Object.entries(here.shape)) {
    const found = findKey(child, key, [...path, name]);
    if (found !== null) return found;
  }
  return null;
}

/** What stands inside optional and default wrappers. */
function core(schema: unknown): unknown {
  let here = schema;
  while (here instanceof z.ZodOptional || here instanceof z.ZodPrefault || here instanceof z.ZodDefault) {
    here = here.unwrap();
  }
  return here;
}

function valueAt(value: unknown, path: ConfigPath): unknown {
  let here = value;
  for (const step of path) {
    here = typeof here === 'object' && here !== null ? Reflect.get(here, step) : undefined;
  }
  return here;
}

/** `value` without what the issue complains of. A list with a bad element goes as a whole: half of it would mean something else. */
function withoutIssue(value: unknown, issue: z.core.$ZodIssue): unknown {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code !== 'unrecognized_keys') return without(value, path);
  let rest = value;
  for (const key of issue.keys) rest = without(rest, [...path, key]);
  return rest;
}

function without(value: unknown, path: ConfigPath): unknown {
  const cut = path.findIndex((step) => typeof step === 'number');
  const upTo = cut === -1 ? path : path.slice(0, cut);
  const last = upTo.at(-1);
  if (last === undefined) return {};
  const container = valueAt(value, upTo.slice(0, -1));
  if (typeof container === 'object' && container !== null) Reflect.deleteProperty(container, last);
  return value;
}
