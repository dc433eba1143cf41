/** A client that knows nothing of the API but its OpenAPI document: it makes requests from it, and judges answers by it. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly default?: unknown;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

/** As far as the client reads it. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** One operation of a document. */
export interface Call {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

/** A request as the client sends it. */
export interface ClientRequest {
  readonly call: Call;
  /** With the query, below the API's path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** All operations of a document. */
export function callsOf(document: ApiDocument): readonly Call[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

/** Requests that the document allows. @param known values of parameters that exist, so that some requests find something */
export function requestsOf(
  document: ApiDocument,
  call: Call,
  known: Readonly<Record<string, readonly string[]>> = {},
): fc.Arbitrary<ClientRequest> {
  // A cursor comes out of an answer, and cannot be made from the document.
  const parameters = (call.operation.parameters ?? []).filter(({ name }) => name !== 'cursor');
  const parts = parameters.map((parameter) => {
    const values = known[parameter.name];
    const any = valuesOf(document, parameter.schema).map(textOf);
    const value =
      values === undefined ? any : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...values) }, any);
    const given = parameter.required === true ? value : fc.option(value, { freq: 3 });
    return given.map((text) => ({ parameter, text }));
  });
  const schema = call.operation.requestBody?.content['application/json']?.schema;
  const body =
    schema === undefined
      ? fc.constant(null)
      : valuesOf(document, schema).map((value) => JSON.stringify(value));
  return fc.tuple(fc.tuple(...parts), body).map(([given, text]) => ({
    call,
    url: urlOf(call, given),
    headers: headersOf(given, text),
    body: text,
  }));
}

interface Given {
  readonly parameter: Parameter;
  /** Null: left out. */
  readonly text: string | null;
}

function urlOf({ path }: Call, given: readonly Given[]): string {
  let url = path;
  const query: string[] = [];
  for (const { parameter, text } of given) {
    if (text === null) continue;
    if (parameter.in === 'path') url = url.replace(`{${parameter.name}}`, encodeURIComponent(text));
    if (parameter.in === 'query') query.push(`${parameter.name}=${encodeURIComponent(text)}`);
  }
  return query.length === 0 ? url : `${url}?${query.join('&')}`;
}

function headersOf(given: readonly Given[], body: string | null): Readonly<Record<string, string>> {
  const headers = given.flatMap(({ parameter, text }) =>
    parameter.in === 'header' && text !== null ? [[parameter.name, text] as const] : [],
  );
  return Object.fromEntries([
    ...headers,
    ...(body === null ? [] : [['content-type', 'application/json'] as const]),
  ]);
}

/** What a request may become by a slip or by malice: another word, one too many, one twice, hostile text, a broken body. */
export function mutated(requests: fc.Arbitrary<ClientRequest>): fc.Arbitrary<ClientRequest> {
  const hostile = fc.oneof(
    fc.constantFrom(...HOSTILE),
    fc.string({ unit: 'binary', maxLength: 40 }).filter(isWhole),
    fc.integer().map(String),
  );
  const extra = fc.tuple(
    fc.constantFrom('state', 'limit', 'cursor', 'sort', 'fields', 'q', 'constructor', '__proto__', 'a[b]'),
    hostile,
  );
  return fc
    .tuple(requests, extra, fc.constantFrom('query', 'path', 'body', 'letter'), hostile)
    .map(([request, [name, value], kind, text]): ClientRequest => {
      switch (kind) {
        case 'query': {
          const joint = request.url.includes('?') ? '&' : '?';
          return {
            ...request,
            url: `${request.url}${joint}${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
          };
        }
        case 'path':
          return { ...request, url: request.url.replace(/[^/?]+(?=\?|$)/, encodeURIComponent(text)) };
        case 'letter':
          return { ...request, url: request.url.replace(/=[^&]*/, `=${encodeURIComponent(text)}`) };
        case 'body':
          return request.body === null
            ? request
            : { ...request, body: request.body.replace(/"[^"]*"|true|false|\d+/, JSON.stringify(text)) };
        default:
          return kind satisfies never;
      }
    });
}

/** An address cannot hold half of a pair. */
function isWhole(text: string): boolean {
  return text.isWellFormed();
}

const HOSTILE = [
  '',
  ' ',
  '\0',
  "' OR 1=1 --",
  '"; DROP TABLE instances; --',
  '%',
  '_',
  '*',
  '"',
  'NEAR(',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '\u202E\u2066',
  '\u001B[2J',
  '-1',
  '1e309',
  'NaN',
  '0x10',
  '99999999999999999999',
  'a'.repeat(5_000),
  ',,,',
  '-',
  '__proto__',
  'i-0123456789abcdef0',
  '2026-02-30T00:00:00.000Z',
];

function valuesOf(document: ApiDocument, given: Schema, depth = 0): fc.Arbitrary<unknown> {
  const schema = resolved(document, given);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((one) => valuesOf(document, one, depth)));
  switch (schema.type) {
    case 'integer':
      return fc.integer({
        min: schema.minimum ?? -1_000,
        max: Math.min(schema.maximum ?? 1_000, 2 ** 31 - 1),
      });
    case 'number':
      return fc.double({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valuesOf(document, schema.items ?? {}, depth + 1), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, 5),
      });
    case 'object':
      return fc.record(
        Object.fromEntries(
          Object.entries(schema.properties ?? {}).map(([name, one]) => [
            name,
            valuesOf(document, one, depth + 1),
          ]),
        ),
        { requiredKeys: [...(schema.required ?? [])] },
      );
    case undefined:
    default:
      return textsOf(schema);
  }
}

function textsOf({ format, pattern, minLength = 0, maxLength = 30 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') {
    return fc
      .date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.oneof(
    fc.constantFrom('failed', 'joined', 'a', 'eu-west-1').filter(({ length }) => length >= minLength),
    fc.string({ minLength, maxLength: Math.min(maxLength, 30) }),
  );
}

function resolved(document: ApiDocument, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split('/').at(-1) ?? '';
  const found = document.components.schemas[name];
  if (found === undefined) throw new Error(`no schema ${schema.$ref}`);
  return resolved(document, found);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}

/** Says what of an answer the document does not allow; null when nothing. */
export function createJudge(
  document: ApiDocument,
): (
  call: Call,
  answer: { readonly status: number; readonly media: string; readonly body: unknown },
) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  addFormats.default(ajv);
  ajv.addSchema(document, 'api');
  const validators = new Map<string, ValidateFunction>();
  return ({ path, method, operation }, { status, media, body }) => {
    const response = operation.responses[String(status)];
    if (response === undefined) return `${status} is not documented`;
    if (response.content === undefined) return media === '' ? null : `${status} has a body of type ${media}`;
    if (!(media in response.content)) return `${status} has the type ${media}`;
    if (!/[/+]json$/.test(media)) return null;
    const place = ['paths', path, method, 'responses', String(status), 'content', media, 'schema'];
    const ref = `api#/${place
      .map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1'))
      .map(encodeURIComponent)
      .join('/')}`;
    let validate = validators.get(ref);
    if (validate === undefined) {
      validate = ajv.compile({ $ref: ref });
      validators.set(ref, validate);
    }
    return validate(body) ? null : ajv.errorsText(validate.errors);
  };
}
