import { installationId } from './installation-id.ts';
import type { MusterConfig } from './model.ts';
import { Secret } from './secret.ts';

/** What a process does with a configuration that is not the one it runs with. */
export type ConfigChange =
  | { readonly kind: 'same' }
  /** Taken up at once. `restart`: keys that have changed too and keep their old value until the process is restarted. */
  | { readonly kind: 'live'; readonly config: MusterConfig; readonly restart: readonly string[] }
  /** Another installation: its commands carry another mark, and its hosts join another cluster. Nothing is taken up. */
  | { readonly kind: 'restart'; readonly keys: readonly string[] };

/** Sections that a process is built from: connections, ports, how much runs at once, the token buckets of its ledger. */
const BUILT_IN = [
  'redis',
  'console',
  'worker',
  'pacing',
  'speed',
] as const satisfies readonly (keyof MusterConfig)[];

/** Decides what of `next` a process that runs with `running` can take up; see docs/decisions/0007. */
export function compareConfig(running: MusterConfig, next: MusterConfig): ConfigChange {
  const identity = [
    ...(running.discoveryGroup === next.discoveryGroup ? [] : ['discovery_service.discovery_group']),
    ...(installationId({ ...running, discoveryGroup: '' }) === installationId({ ...next, discoveryGroup: '' })
      ? []
      : ['teleport.proxy_server']),
    // Without a matcher there is nothing to call AWS for.
    ...(next.matchers.length === 0 || partitionOf(running) === partitionOf(next) ? [] : ['partition']),
  ];
  if (identity.length > 0) return { kind: 'restart', keys: identity };
  const restart = BUILT_IN.filter((key) => fingerprint(running[key]) !== fingerprint(next[key]));
  const config = Object.freeze({
    ...next,
    redis: running.redis,
    console: running.console,
    worker: running.worker,
    pacing: running.pacing,
    speed: running.speed,
  });
  if (fingerprint(config) === fingerprint(running) && restart.length === 0) return { kind: 'same' };
  return { kind: 'live', config, restart: restart.map((key) => `muster.${key}`) };
}

/** The SDK's clients are made for one partition. */
function partitionOf(config: MusterConfig): string {
  return config.matchers[0]?.partition ?? 'aws';
}

/** Everything that a value says, secrets included: for comparing only, never to be shown. */
function fingerprint(value: unknown): string {
  if (value instanceof Secret) return JSON.stringify(value.reveal());
  if (Array.isArray(value)) return `[${value.map(fingerprint).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${fingerprint(part)}`).join(',')}}`;
}
