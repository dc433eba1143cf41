import type { FindingKind } from '../control/finding-kinds.ts';
import type { Finding } from '../control/findings.ts';
import type { MusterConfig, RedisSettings } from './model.ts';
import { withoutPassword } from './redis-url.ts';
import { isOpenConsole } from './console-reach.ts';
import { isLoopbackHost } from './environment.ts';
import { installationId } from './installation-id.ts';
import { Secret } from './secret.ts';

/** What a running process is told of its configuration. */
export type ConfigReload =
  /** To be taken up now; null when the file is back at what the process runs with. */
  | { readonly kind: 'valid'; readonly config: MusterConfig | null; readonly restart: readonly string[] }
  /** The password of Redis is another one, and nothing else is: connections read it by themselves, texts must not show it. */
  | { readonly kind: 'redis-password'; readonly config: MusterConfig }
  /** The last good one goes on. `faults`: what is wrong, one per line. */
  | { readonly kind: 'invalid'; readonly faults: string };

/** The outcome of a reload, in one word. */
export function resultOfReload(reload: ConfigReload): 'taken-up' | 'needs-restart' | 'refused' {
  if (reload.kind === 'invalid') return 'refused';
  if (reload.kind === 'redis-password') return 'taken-up';
  return reload.config === null && reload.restart.length > 0 ? 'needs-restart' : 'taken-up';
}

/** Faults that a finding repeats; the log has them all. */
const FAULTS_SHOWN = 5;

/** The finding that a reload leaves, and the kinds that it ends. */
export function findingOfReload(
  reload: ConfigReload,
  nowMs: number,
): { readonly raise: Finding | null; readonly clear: readonly FindingKind[] } {
  const base = { scope: 'all', sinceMs: nowMs };
  if (reload.kind === 'invalid') {
    const faults = reload.faults.split('\n');
    const more = faults.length > FAULTS_SHOWN ? ` and ${faults.length - FAULTS_SHOWN} more` : '';
    return {
      raise: {
        ...base,
        kind: 'config-invalid',
        message: `The configuration was changed and is not valid; the last good one goes on: ${faults.slice(0, FAULTS_SHOWN).join('; ')}${more}`,
        remedy: 'Fix the file: muster config check names every fault. It is taken up by itself then.',
      },
      clear: [],
    };
  }
  if (reload.kind === 'redis-password' || reload.restart.length === 0) {
    return { raise: null, clear: ['config-invalid', 'config-restart-needed'] };
  }
  const rest = reload.config === null ? 'none of the change has been taken up' : 'the rest has been taken up';
  return {
    raise: {
      ...base,
      kind: 'config-restart-needed',
      message: `The configuration was changed in what cannot change while Muster runs (${reload.restart.join(', ')}); ${rest}.`,
      remedy: 'Restart schedulers and workers.',
    },
    clear: ['config-invalid'],
  };
}

/** What a process does with a configuration that is not the one it runs with. */
type ConfigChange =
  | { readonly kind: 'same' }
  /** Where it is a token of minutes, that is no change to tell of, nor one to make anything anew for. */
  | { readonly kind: 'redis-password'; readonly config: MusterConfig }
  /** Taken up at once. `restart`: keys that have changed too and keep their old value until the process is restarted. */
  | { readonly kind: 'live'; readonly config: MusterConfig; readonly restart: readonly string[] }
  /** Another installation: its commands carry another mark, and its hosts join another cluster. Nothing is taken up. */
  | { readonly kind: 'restart'; readonly keys: readonly string[] };

/** Sections that a process is built from: connections, ports, how much runs at once, the token buckets of its ledger. */
const BUILT_IN = ['worker', 'pacing', 'speed'] as const satisfies readonly (keyof MusterConfig)[];

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
  const console = consoleAfter(running.console, next.console);
  const isSameRedis = placeOfRedis(running.redis) === placeOfRedis(next.redis);
  const restart = [
    ...(isSameRedis ? [] : ['redis']),
    ...BUILT_IN.filter((key) => fingerprint(running[key]) !== fingerprint(next[key])),
    ...(fingerprint(console) === fingerprint(next.console) ? [] : ['console']),
  ];
  const config = Object.freeze({
    ...next,
    redis: isSameRedis ? next.redis : running.redis,
    console,
    worker: running.worker,
    pacing: running.pacing,
    speed: running.speed,
  });
  if (restart.length === 0) {
    if (fingerprint(config) === fingerprint(running)) return { kind: 'same' };
    if (fingerprint({ ...config, redis: running.redis }) === fingerprint(running)) {
      return { kind: 'redis-password', config };
    }
  }
  return { kind: 'live', config, restart: restart.map((key) => `muster.${key}`) };
}

/** Where the console listens, and whether it speaks TLS there, is built in; who may come in, and the certificate, are not. */
function consoleAfter(
  running: MusterConfig['console'],
  next: MusterConfig['console'],
): MusterConfig['console'] {
  const isOtherServer = (running.tls === null) !== (next.tls === null);
  const after = {
    ...next,
    host: running.host,
    port: running.port,
    tls: isOtherServer ? running.tls : next.tls,
  };
  if (isLoopbackHost(running.host) || !isOpenConsole(next)) return after;
  // Without any sign-in `next` means this machine alone, and where the process still listens is the network.
  const { usersFile, users, oidc, trustedProxy, password } = running;
  return { ...after, usersFile, users, oidc, trustedProxy, password };
}

/** Which Redis, and how it is reached: a password out of a file is read again by each connection, and may change. */
function placeOfRedis(redis: RedisSettings): string {
  const { url, passwordFile } = redis;
  if (passwordFile === undefined) return fingerprint(redis);
  return fingerprint({ ...redis, url: withoutPassword(url.reveal()) });
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
