/**
 * `kind: server_info`: labels that Auth hands to a running agent. The rules are those of `api/types/server_info.go` and
 * `lib/auth/server_info.go`: names say which node is meant, labels get the name's own prefix, and an agent keeps what it
 * was given until it is given something else or connects anew.
 */
import type { NodeIdentity } from './node-identity.ts';
import { isRecord } from './record.ts';
import type { Resource } from './resources.ts';

/** Labels by key. */
export type Labels = Readonly<Record<string, string>>;

/** What is wrong with a resource of this kind, in Teleport's words; null when nothing is. */
export function serverInfoProblem({ metadata, spec }: Resource): string | null {
  const labels = spec['new_labels'] ?? {};
  if (!isRecord(labels)) return 'ReadObject: expect { or n, but found another value: new_labels';
  const [key] = Object.entries(labels).find(([, value]) => typeof value !== 'string') ?? [];
  if (key !== undefined) return `ReadString: expects " or n, but found another value: new_labels.${key}`;
  if (metadata.expires !== undefined && Number.isNaN(Date.parse(metadata.expires))) {
    return `parsing time ${JSON.stringify(metadata.expires)}: cannot be read`;
  }
  return null;
}

/** The resource as Auth keeps it: subkind set, and every label under the prefix that belongs to its name. */
export function completeServerInfo(resource: Resource): Resource {
  const prefix = resource.metadata.name.startsWith('aws-')
    ? 'aws/'
    : resource.metadata.name.startsWith('si-')
      ? 'dynamic/'
      : null;
  const given = Object.entries((resource.spec['new_labels'] ?? {}) as Labels);
  const labels = given.map(([key, value]) => [prefix === null ? key : prefix + withoutPrefix(key), value]);
  return {
    ...resource,
    sub_kind: 'cloud_info',
    version: 'v1',
    spec: { ...resource.spec, new_labels: Object.fromEntries(labels) as Labels },
  };
}

function withoutPrefix(key: string): string {
  const slash = key.indexOf('/');
  const name = slash < 0 ? '' : key.slice(slash + 1);
  return name === '' ? key.replace(/\/$/, '') : name;
}

/** The name of the resource that is about this host. */
export function serverInfoName(host: NodeIdentity): string {
  return `aws-${host.accountId}-${host.instanceId}`;
}

/** The labels of a resource of this kind. */
export function labelsOf(resource: Resource): Labels {
  return (resource.spec['new_labels'] ?? {}) as Labels;
}

/** What running agents were given last. */
export class GivenLabels {
  readonly #given = new Map<string, Labels>();

  give(name: string, labels: Labels): void {
    if (Object.keys(labels).length === 0) this.#given.delete(name);
    else this.#given.set(name, labels);
  }

  /** An agent that connects anew has been given nothing yet. */
  forget(host: NodeIdentity): void {
    this.#given.delete(serverInfoName(host));
  }

  of(host: NodeIdentity): Labels | null {
    return this.#given.get(serverInfoName(host)) ?? null;
  }
}
