/** What `tctl create` puts into the cluster: tokens, installers, server infos, and whatever else is only kept. */
import { parseAllDocuments } from 'yaml';
import type { JoinToken, JoinTokenRule } from './join-tokens.ts';
import { isRecord } from './record.ts';
import { serverInfoProblem } from './server-info.ts';

/** Any Teleport resource. */
export interface Resource {
  readonly kind: string;
  readonly sub_kind?: string;
  readonly version?: string;
  readonly metadata: { readonly name: string; readonly expires?: string; readonly [key: string]: unknown };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Kinds that this cluster takes; the rest of Teleport's is refused as an unsupported kind would be. */
export const RESOURCE_KINDS = [
  'token',
  'installer',
  'server_info',
  'role',
  'user',
  'bot',
  'discovery_config',
  'integration',
] as const;

/** The kind of a resource that this cluster takes. */
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** What a file of resources holds, up to the first fault: `tctl create` has created what stood before it. */
export interface ResourcesParse {
  readonly resources: readonly Resource[];
  /** Null when the whole file was read. */
  readonly error: string | null;
}

/** Reads a file of resources: YAML documents, or JSON values one after the other when it begins with a brace. */
export function parseResources(text: string): ResourcesParse {
  const resources: Resource[] = [];
  for (const value of /^\s*\{/.test(text) ? jsonValues(text) : yamlValues(text)) {
    if (value === null) continue;
    const problem = value instanceof SyntaxError ? value.message : resourceProblem(value);
    if (problem !== null) return { resources, error: problem };
    const { spec, ...rest } = value as Resource;
    resources.push({ ...rest, spec: spec ?? {} });
  }
  return { resources, error: resources.length === 0 ? 'no resources found, empty input?' : null };
}

/** A SyntaxError stands for what cannot be read; nothing follows it. */
function* yamlValues(text: string): IterableIterator<unknown> {
  for (const document of parseAllDocuments(text)) {
    const [fault] = document.errors;
    yield fault === undefined ? document.toJS() : new SyntaxError(`yaml: ${fault.message}`);
    if (fault !== undefined) return;
  }
}

function* jsonValues(text: string): IterableIterator<unknown> {
  let [begin, depth, inString] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (inString) {
      if (sign === '\\') at += 1;
      else if (sign === '"') inString = false;
    } else if (sign === '"') inString = true;
    else if (sign === '{') depth += 1;
    else if (sign === '}') {
      depth -= 1;
      if (depth > 0) continue;
      const value = parseJson(text.slice(begin, at + 1));
      yield value;
      if (value instanceof SyntaxError) return;
      begin = at + 1;
    }
  }
  if (text.slice(begin).trim() !== '') yield new SyntaxError('unexpected EOF');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return new SyntaxError(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

function resourceProblem(value: unknown): string | null {
  if (!isRecord(value) || typeof value['kind'] !== 'string') return 'resource kind is missing';
  if (!(RESOURCE_KINDS as readonly string[]).includes(value['kind'])) {
    return `creating resources of type "${value['kind']}" is not supported`;
  }
  const metadata = value['metadata'];
  if (!isRecord(metadata) || typeof metadata['name'] !== 'string' || metadata['name'] === '') {
    return 'missing parameter Name';
  }
  if (value['spec'] !== undefined && !isRecord(value['spec'])) return 'spec must be an object';
  if (value['kind'] !== 'server_info') return null;
  return serverInfoProblem({ ...(value as unknown as Resource), spec: value['spec'] ?? {} });
}

/** A `kind: token` resource as a join token. An `allow` entry with an unknown key allows no host. */
export function joinTokenOf(resource: Resource): JoinToken {
  const { spec, metadata } = resource;
  const allow = Array.isArray(spec['allow']) ? spec['allow'] : [];
  const expiresAtMs = Date.parse(String(metadata.expires));
  return {
    name: metadata.name,
    method: typeof spec['join_method'] === 'string' ? spec['join_method'] : 'token',
    allow: allow.flatMap((entry: unknown) => joinTokenRuleOf(entry)),
    ...(Number.isNaN(expiresAtMs) ? {} : { expiresAtMs }),
  };
}

/** The same, the other way round. */
export function tokenResource({ name, method, allow, expiresAtMs }: JoinToken): Resource {
  return {
    kind: 'token',
    version: 'v2',
    metadata: {
      name,
      ...(expiresAtMs === undefined ? {} : { expires: new Date(expiresAtMs).toISOString() }),
    },
    spec: {
      roles: ['Node'],
      join_method: method ?? 'iam',
      allow: allow.map(({ organizationId, organizationalUnits, accountId, arn }) => ({
        ...(organizationId === undefined ? {} : { aws_organization_id: organizationId }),
        ...(organizationalUnits === undefined ? {} : { aws_organizational_units: organizationalUnits }),
        ...(accountId === undefined ? {} : { aws_account: accountId }),
        ...(arn === undefined ? {} : { aws_arn: arn }),
      })),
    },
  };
}

const RULE_KEYS = new Set(['aws_organization_id', 'aws_organizational_units', 'aws_account', 'aws_arn']);

function joinTokenRuleOf(entry: unknown): JoinTokenRule[] {
  if (!isRecord(entry)) return [];
  const keys = Object.keys(entry);
  if (keys.length === 0 || keys.some((key) => !RULE_KEYS.has(key))) return [];
  const organizationId = scalar(entry['aws_organization_id']);
  const account = scalar(entry['aws_account']);
  const arn = scalar(entry['aws_arn']);
  const units = entry['aws_organizational_units'];
  return [
    {
      ...(organizationId === null ? {} : { organizationId }),
      // An unquoted account id is a number in YAML and has lost its leading zeros.
      ...(account === null ? {} : { accountId: account.padStart(12, '0') }),
      ...(arn === null ? {} : { arn }),
      ...(isRecord(units)
        ? { organizationalUnits: { include: strings(units['include']), exclude: strings(units['exclude']) } }
        : {}),
    },
  ];
}

function scalar(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
