/** Reads a request by the schemas of its route: every fault at once, each with its place. */
import type { z } from 'zod';
import { keysAt } from '@muster/core/config/source/read-shape';
import { type ListAsked, NO_LIST, quoted, readListRequest, suggestion } from './list-request.ts';
import type { RequestFault } from './problem.ts';
import type { ApiRoute } from './route.ts';

/** The parts of a request, as Express gives them. */
export interface RawRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

export type RequestReading =
  | {
      readonly ok: true;
      readonly params: Readonly<Record<string, unknown>>;
      readonly query: Readonly<Record<string, unknown>>;
      readonly body: unknown;
      readonly list: ListAsked;
    }
  | { readonly ok: false; readonly faults: readonly RequestFault[] };

/** Reads all parts of a request. A parameter that the route does not have is a fault, too: it may be a slip. */
export function readRequest(route: ApiRoute, raw: RawRequest): RequestReading {
  const faults: RequestFault[] = [];
  const params = readParameters(route.params, raw.params, faults);
  const query = readParameters(route.query, raw.query, faults);
  const body = route.body === undefined ? undefined : readBody(route.body, raw.body, faults);
  let list = NO_LIST;
  if (route.list !== undefined) {
    const { limit: _limit, cursor: _cursor, fields: _fields, ...filters } = query ?? {};
    const about = `${route.operationId} ${textOfFilters({ ...params, ...filters })}`;
    // Where another parameter is at fault, these two are looked at all the same; a cursor could not be.
    const asked = readListRequest(route.list, query ?? sortAndFieldsIn(raw.query), about);
    faults.push(...asked.faults);
    list = asked.list;
  }
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, params: params ?? {}, query: query ?? {}, body, list };
}

function sortAndFieldsIn(query: unknown): Readonly<Record<string, unknown>> {
  return typeof query === 'object' && query !== null
    ? { sort: Reflect.get(query, 'sort'), fields: Reflect.get(query, 'fields') }
    : {};
}

/** The same text for the same filters, in whatever order they were given. */
function textOfFilters(filters: Readonly<Record<string, unknown>>): string {
  const { sort: _sort, ...others } = filters;
  return JSON.stringify(Object.entries(others).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function readParameters(
  schema: z.ZodObject | undefined,
  given: unknown,
  faults: RequestFault[],
): Readonly<Record<string, unknown>> | null {
  const known = schema === undefined ? [] : Object.keys(schema.shape);
  const input = Object.fromEntries(Object.entries(typeof given === 'object' && given !== null ? given : {}));
  for (const name of Object.keys(input).filter((one) => !known.includes(one))) {
    const rest = known.length === 0 ? '. This route takes none.' : suggestion(name, known);
    faults.push({
      parameter: name.slice(0, LONGEST_NAME),
      detail: `There is no parameter ${quoted(name)}${rest}`,
    });
  }
  if (schema === undefined) return {};
  const read = schema.strip().safeParse(input);
  if (read.success) return read.data;
  for (const issue of read.error.issues) {
    const parameter = String(issue.path[0] ?? '');
    faults.push({ parameter, detail: describeParameter(issue, input[parameter]) });
  }
  return null;
}

const LONGEST_NAME = 60;

/** What a person reads; zod's own words speak of types, which a query does not have. */
function describeParameter(issue: z.core.$ZodIssue, value: unknown): string {
  if (Array.isArray(value)) return 'It is given more than once: join the values by commas, or leave one.';
  if (value === undefined) return 'It is missing.';
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    return typeof value === 'string'
      ? `${quoted(value)} is not known here${suggestion(value, known)}`
      : `One of: ${known.join(', ')}.`;
  }
  return `${issue.message}.`;
}

function readBody(schema: z.ZodType, given: unknown, faults: RequestFault[]): unknown {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  for (const issue of read.error.issues) faults.push(...faultsOfIssue(schema, issue));
  return undefined;
}

function faultsOfIssue(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  above: readonly (string | number)[] = [],
): readonly RequestFault[] {
  const path = [...above, ...issue.path.filter((step) => typeof step !== 'symbol')];
  if (issue.code === 'invalid_union') return faultsOfUnion(schema, issue.errors, path);
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => ({
      pointer: pointerTo([...path, key]),
      detail: `There is no ${quoted(key)} here${known.length === 0 ? '.' : suggestion(key, known)}`,
    }));
  }
  return [{ pointer: pointerTo(path), detail: `${issue.message}.` }];
}

/** Of a value that has none of several forms: the faults of the one that its keys mean, else what the forms are told by. */
function faultsOfUnion(
  schema: z.ZodType,
  forms: readonly (readonly z.core.$ZodIssue[])[],
  path: readonly (string | number)[],
): readonly RequestFault[] {
  const meant = forms.filter(
    (issues) => !issues.some((issue) => issue.code === 'unrecognized_keys' && issue.path.length === 0),
  );
  const [form] = meant;
  if (form !== undefined && meant.length === 1) {
    return form.flatMap((issue) => faultsOfIssue(schema, issue, path));
  }
  const detail = `Must hold one of ${keysAt(schema, path).join(', ')}, and nothing beside it.`;
  return [{ pointer: pointerTo(path), detail }];
}

/** RFC 6901. A key of the caller's may be of any length. */
function pointerTo(path: readonly PropertyKey[]): string {
  return path
    .map((step) => `/${String(step).slice(0, LONGEST_NAME).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
