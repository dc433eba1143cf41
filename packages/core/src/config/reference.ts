import { MUSTER_VARIABLES } from './environment.ts';
import { z } from 'zod';
import { FreezeShape } from './freeze-schema.ts';
import { NotifyShape } from './notify-schema.ts';
import { MusterShape } from './muster-schema.ts';
import { WaveShape } from './wave-schema.ts';
import {
  DiscoveryConfigShape,
  DiscoveryConfigSpecShape,
  DiscoveryServiceShape,
  MatcherShape,
  OTHER_TELEPORT_SECTIONS,
} from './teleport-schema.ts';

/** Tables of every key and every environment variable, in Markdown, out of the schemas: the body of docs/configuration.md. */
export function configReference(): string {
  const { properties = {} } = mainSchema();
  const discovery = properties['discovery_service'] ?? {};
  const matcher = (discovery.properties?.['aws'] as { readonly items?: JsonSchema } | undefined)?.items ?? {};
  return [
    '### `discovery_service`',
    '',
    ...table(rows(discovery, 'discovery_service', new Set(['aws']))),
    '',
    '### One entry of `discovery_service.aws`, and of `spec.aws` of a `discovery_config`',
    '',
    ...table(rows(matcher, '', new Set())),
    '',
    '### `muster`',
    '',
    ...table(rows(properties['muster'] ?? {}, 'muster', new Set())),
    '',
    '### One entry of `muster.freeze`',
    '',
    ...table(rows(jsonOf(FreezeShape), '', new Set())),
    '',
    '### One entry of `muster.notify`',
    '',
    ...table(rows(jsonOf(NotifyShape), '', new Set())),
    '',
    '### One entry of `muster.rollout.waves`',
    '',
    ...table(rows(jsonOf(WaveShape), '', new Set())),
    '',
    '### Environment variables',
    '',
    '| variable | meaning |',
    '| --- | --- |',
    ...Object.entries(MUSTER_VARIABLES).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`),
  ].join('\n');
}

type Row = readonly [key: string, kind: string, fallback: string, meaning: string];

function table(list: readonly Row[]): readonly string[] {
  return [
    '| key | value | default | meaning |',
    '| --- | --- | --- | --- |',
    ...list.map((row) => `| ${row.join(' | ')} |`),
  ];
}

/** A row per key; a key that holds others only where something is said about it. */
function rows(schema: JsonSchema, path: string, leaveOut: ReadonlySet<string>): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    if (leaveOut.has(name)) return [];
    const key = path === '' ? name : `${path}.${name}`;
    const own: Row = [
      `\`${key}\``,
      kindOf(child),
      fallbackOf(child),
      (child.description ?? '').replaceAll('|', '\\|'),
    ];
    if (child.properties === undefined) return [own];
    return [...(child.description === undefined ? [] : [own]), ...rows(child, key, leaveOut)];
  });
}

function kindOf(schema: JsonSchema): string {
  if (Array.isArray(schema['enum'])) return schema['enum'].map((word) => `\`${String(word)}\``).join(', ');
  if (typeof schema['pattern'] === 'string') return 'duration';
  if (Array.isArray(schema['anyOf'])) return 'text or list of texts';
  const { type, minimum, maximum } = schema;
  if (type === 'integer') return `${String(minimum)}–${String(maximum)}`;
  if (Array.isArray(type)) {
    if (type[0] === 'boolean') return 'true, false';
    return type[0] === 'string' ? 'text' : 'share';
  }
  if (type === 'array') return 'list';
  return type === 'object' ? 'map' : '';
}

function fallbackOf(schema: JsonSchema): string {
  const fallback = schema['default'];
  return fallback === undefined || schema.properties !== undefined
    ? ''
    : `\`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}\``;
}

/** A JSON Schema, as far as it is read here. */
interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly description?: string;
}

/**
 * The JSON Schema of a configuration, for editors: each YAML document of the file is either a `discovery_config` or the main
 * one. It knows keys and plain values; the rules between keys are `muster config check`'s.
 */
export function configJsonSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'muster.yaml',
    description: 'Configuration of Muster: the discovery_service of a teleport.yaml, and a muster section.',
    type: 'object',
    if: { required: ['kind'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema; no code awaits it
    then: discoveryConfigSchema(),
    else: mainSchema(),
  };
}

/** The main document. */
export function mainSchema(): JsonSchema {
  const others = OTHER_TELEPORT_SECTIONS.map((name) => [name, { description: 'Not read.' }] as const);
  return {
    type: 'object',
    additionalProperties: false,
    required: ['version', 'discovery_service'],
    properties: {
      version: { description: 'Version of the file format: `v3`.', const: 'v3' },
      teleport: {
        type: ['object', 'null'],
        description: 'Of this section only `proxy_server` is read.',
        properties: {
          proxy_server: {
            type: 'string',
            description:
              'Required with a matcher: `host[:port]` of the Teleport proxy. Default port `3080`, as in Teleport; without the key, `proxy_service.public_addr` of the same file.',
          },
        },
      },
      discovery_service: withMatchers(DiscoveryServiceShape),
      muster: jsonOf(MusterShape),
      ...Object.fromEntries(others),
    },
  };
}

function discoveryConfigSchema(): JsonSchema {
  const schema = jsonOf(DiscoveryConfigShape);
  return { ...schema, properties: { ...schema.properties, spec: withMatchers(DiscoveryConfigSpecShape) } };
}

function withMatchers(shape: z.ZodType): JsonSchema {
  const schema = jsonOf(shape);
  const aws = {
    type: 'array',
    description: 'Matchers, in order: the first that matches an instance owns it.',
    items: jsonOf(MatcherShape),
  };
  return { ...schema, properties: { ...schema.properties, aws } };
}

function jsonOf(shape: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, {
    io: 'input',
    target: 'draft-7',
    reused: 'inline',
  });
  return schema as JsonSchema;
}

/** The schema as its file holds it: two spaces, lists of plain values in one line where they fit. */
export function formatJsonSchema(schema: unknown, indent = ''): string {
  if (typeof schema !== 'object' || schema === null) return JSON.stringify(schema);
  const inner = `${indent}  `;
  if (Array.isArray(schema)) {
    const flat = `[${schema.map((item) => JSON.stringify(item)).join(', ')}]`;
    if (schema.every((item) => typeof item !== 'object') && indent.length + flat.length < 96) return flat;
    return `[\n${schema.map((item) => inner + formatJsonSchema(item, inner)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(schema);
  if (entries.length === 0) return '{}';
  return `{\n${entries.map(([key, value]) => `${inner}${JSON.stringify(key)}: ${formatJsonSchema(value, inner)}`).join(',\n')}\n${indent}}`;
}
