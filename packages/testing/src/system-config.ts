import { formatFaults } from '@muster/core/config/source/report';
import type { MusterConfig } from '@muster/core/config/model';
import { parseConfig } from '@muster/core/config/parse-config';

/** Any part of a configuration: objects are merged, everything else replaces what stood there. */
export interface ConfigPart {
  readonly [key: string]: unknown;
}

/** What a system's configuration depends on. */
export interface ConfigFacts {
  readonly organizationId: string;
  /** `host:port` */
  readonly proxyAddress: string;
  readonly roleName: string;
  readonly externalId: string | null;
  readonly joinToken: string;
  readonly matchTags: Readonly<Record<string, string>>;
  readonly tctl: string;
}

/** For tests that read a configuration and call no server. */
export const OFFLINE_FACTS: ConfigFacts = {
  organizationId: 'o-abcdefghij',
  proxyAddress: '127.0.0.1:1',
  roleName: 'role',
  externalId: null,
  joinToken: 'token',
  matchTags: { env: 'prod' },
  tctl: 'tctl',
};

/** The key of the markers in every test: 64 hexadecimal digits. */
export const TEST_MARKER_KEY = '6d757374657220746573742d6b6579206f66206e6f20736563726574206e6f77';

/** The guide's matcher for a simulated organization. */
export function organizationMatcher(facts: ConfigFacts): ConfigPart {
  return {
    types: ['ec2'],
    regions: ['*'],
    tags: facts.matchTags,
    install: { join_params: { token_name: facts.joinToken, method: 'iam' } },
    ssm: { document_name: 'AWS-RunShellScript' },
    assume_role_name: facts.roleName,
    ...(facts.externalId === null ? {} : { external_id: facts.externalId }),
    organization: { organization_id: facts.organizationId, organizational_units: { include: ['*'] } },
  };
}

/**
 * The configuration of a system under test: sends at once, and failures that must be mended wait so long that
 * a test sees one attempt. Everything can be overridden.
 */
export function systemConfig(facts: ConfigFacts, overrides: ConfigPart): ConfigPart {
  return mergeParts(
    {
      version: 'v3',
      teleport: { proxy_server: facts.proxyAddress },
      discovery_service: {
        enabled: true,
        discovery_group: 'simulated',
        poll_interval: '10m',
        aws: [organizationMatcher(facts)],
      },
      muster: {
        redis: { prefix: 'test' },
        limits: { hold_first_send: false },
        backoff: { operator_first: '12h' },
        inventory: { source: 'tctl', command: facts.tctl },
        console: { listen: '127.0.0.1:0' },
        worker: { listen: '127.0.0.1:0' },
      },
    },
    overrides,
  );
}

/** The same as a process reads it. Throws what is wrong with it. */
export function parsedSystemConfig(facts: ConfigFacts, overrides: ConfigPart): MusterConfig {
  const text = JSON.stringify(systemConfig(facts, overrides));
  const env = { MUSTER_MARKER_KEY: TEST_MARKER_KEY };
  const parsed = parseConfig(text, { file: 'muster.yaml', env });
  if (!parsed.ok) throw new Error(formatFaults(parsed.faults));
  return parsed.config;
}

/** Merges a part over another, as `ConfigPart` says. */
export function mergeParts(base: ConfigPart, over: ConfigPart): ConfigPart {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isPart(before) && isPart(value) ? mergeParts(before, value) : value;
  }
  return merged;
}

function isPart(value: unknown): value is ConfigPart {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
