import { MUSTER_VARIABLES } from './environment.ts';
import { mainSchema, type JsonSchema } from './json-schema.ts';

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
