/** What `tctl create` puts into the cluster: tokens, installers, server infos, and whatever else is only kept. */
import { parseAllDocuments } from 'yaml';
import type { JoinToken, JoinTokenRule } from './join-tokens.ts';

/** Any Teleport resource. */
export interface Resource {
  readonly kind: string;
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

type ResourcesParse =
  | { readonly ok: true; readonly resources: readonly Resource[] }
  | { readonly ok: false; readonly error: string };

/** Reads the documents of a YAML (or JSON) file of resources. */
export function parseResources(text: string): ResourcesParse {
  const resources: Resource[] = [];
  for (const document of parseAllDocuments(text)) {
    const [fault] = document.errors;
    if (fault !== undefined) return { ok: false, error: `yaml: ${fault.message}` };
    const value: unknown = document.toJS();
    if (value === null) continue;
    const problem = resourceProblem(value);
    if (problem !== null) return { ok: false, error: problem };
    const { spec, ...rest } = value as Resource;
    resources.push({ ...rest, spec: spec ?? {} });
  }
  if (resources.length === 0) return { ok: false, error: 'no resources found, empty input?' };
  return { ok: true, resources };
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
  return value['spec'] === undefined || isRecord(value['spec']) ? null : 'spec must be an object';
}

/** A `kind: token` resource as a join token. An `allow` entry with an unknown key allows nobody. */
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

/** Whether a parsed JSON or YAML value is an object with keys. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
