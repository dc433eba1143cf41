import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** For worlds in which any role name will do: the name of Teleport's own examples. */
export const ANY_ROLE = 'teleport-organization-discovery-child-account-role';

/** The file of the marker key, beside the configuration. */
const MARKER_KEY_FILE = 'marker.key';

/** Makes the marker key of a simulated installation, beside its configuration; one that is there stays. */
export function writeMarkerKey(folder: string): void {
  const file = join(folder, MARKER_KEY_FILE);
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
}

/** What the demo's configuration depends on. */
export interface DemoConfigFacts {
  readonly organizationId: string;
  readonly proxyAddress: string;
  readonly roleName: string;
  readonly externalId: string | null;
  readonly matchTags: Readonly<Record<string, string>>;
  readonly joinToken: string;
  readonly redisPrefix: string;
  readonly tctl: string;
  readonly consolePort: number;
  /** Whether this run ends when nothing is in flight: then what failed is left for later, and targets are read once. */
  readonly once: boolean;
}

/**
 * The configuration of the demo: the guide's own matcher, and the defaults of a production one. A run that ends by itself
 * leaves failed hosts and the next reading for a later run, as `muster run --once` does: else it never ends.
 */
export function demoConfig(facts: DemoConfigFacts): string {
  return `# Written by the demo.
version: v3
teleport:
  proxy_server: "${facts.proxyAddress}"
discovery_service:
  enabled: true
  discovery_group: simulated
  poll_interval: ${facts.once ? '6h' : '5m'}
  aws:
    - types: ["ec2"]
      regions: ["*"]
      tags: ${JSON.stringify(facts.matchTags)}
      install:
        join_params:
          token_name: ${facts.joinToken}
          method: iam
      ssm:
        document_name: AWS-RunShellScript
      assume_role_name: ${facts.roleName}${facts.externalId === null ? '' : `\n      external_id: ${JSON.stringify(facts.externalId)}`}
      organization:
        organization_id: ${facts.organizationId}
        organizational_units:
          include: ["*"]
muster:
  marker_key_file: ${MARKER_KEY_FILE}
  redis:
    prefix: ${facts.redisPrefix}
${facts.once ? '  backoff:\n    operator_first: 24h\n    transient_first: 24h\n' : ''}  inventory:
    source: tctl
    command: ${JSON.stringify(facts.tctl)}
  console:
    listen: 127.0.0.1:${facts.consolePort}
`;
}
