/** The configuration in force as a list of settings, for people: the keys of the file, every default in place, no secret. */
import type { MusterConfig } from './model.ts';
import { plural } from '../runtime/wording.ts';
import { parseConfig } from './parse-config.ts';
import { Secret } from './secret.ts';
import { formatDuration } from './value-shapes.ts';

/** One value of the configuration. */
export interface EffectiveSetting {
  /** As the file has it, such as `muster.limits.installs_in_flight` or `discovery_service.aws[0].regions`. */
  readonly path: string;
  /** As YAML has it; `[redacted]` for a secret. */
  readonly value: string;
  /** Whether it is the one that holds where the file says nothing. */
  readonly isDefault: boolean;
}

/** Where the file has a section that the compiled configuration has at its top. */
const SECTIONS: Readonly<Record<string, string>> = {
  proxyServer: 'teleport.proxy_server',
  enabled: 'discovery_service.enabled',
  discoveryGroup: 'discovery_service.discovery_group',
  pollIntervalMs: 'discovery_service.poll_interval',
  matchers: 'discovery_service.aws',
};

/** Compiled under another name than the file has. */
const RENAMED: Readonly<Record<string, string>> = {
  'muster.console.users': 'muster.console.users_file',
  'muster.console.tls.certificate': 'muster.console.tls.cert_file',
  'muster.console.tls.key': 'muster.console.tls.key_file',
  'muster.install.execution_timeout': 'muster.install.timeout',
  'muster.inventory.kind': 'muster.inventory.source',
  'muster.pacing.quotas.ssm:SendCommand.per_second': 'muster.pacing.send_commands_per_second',
  'muster.pacing.quotas.ssm:ListCommandInvocations.per_second': 'muster.pacing.list_invocations_per_second',
  'muster.pacing.quotas.ssm:DescribeInstanceInformation.per_second':
    'muster.pacing.describe_nodes_per_second',
};

/** Follow from other settings, or are told beside them. */
const LEFT_OUT =
  /^muster\.files$|^muster\.console\.users_file$|^discovery_service\.aws\[\d+\]\.label$|^muster\.(ends_at|marker_keys|speed|install\.send_window|(repair|cleanup)\.hour|pacing\.quotas\.[\w:]+\.burst|(console|worker)\.(host|port))$/;

/** All settings in the order of the file's sections. */
export function effectiveSettings(config: MusterConfig): readonly EffectiveSetting[] {
  const defaults = new Map(settingsOf(defaultConfig()));
  return settingsOf(config).map(([path, value]) => ({
    path,
    value,
    isDefault: defaults.get(path) === value,
  }));
}

type Setting = readonly [path: string, value: string];

function settingsOf(config: MusterConfig): readonly Setting[] {
  const { console: page, worker } = config;
  return [
    ...Object.entries(config).flatMap(([name, value]) =>
      flatten(SECTIONS[name] ?? `muster.${keyOf(name)}`, name, value),
    ),
    ['muster.console.listen', `${page.host}:${page.port}`] as const,
    ['muster.worker.listen', `${worker.host}:${worker.port}`] as const,
  ];
}

function flatten(path: string, name: string, value: unknown): readonly Setting[] {
  if (LEFT_OUT.test(path)) return [];
  if (path === USERS && Array.isArray(value)) return [[`${USERS}_file`, plural(value.length, 'user')]];
  if (typeof value === 'object' && value !== null && !(value instanceof Secret)) {
    if (!Array.isArray(value)) {
      return Object.entries(value).flatMap(([key, one]) => flatten(`${path}.${keyOf(key)}`, key, one));
    }
    if (value.some((one) => typeof one === 'object' && one !== null)) {
      return value.flatMap((one, index) => flatten(`${path}[${index}]`, name, one));
    }
  }
  return [[RENAMED[path] ?? path, print(name, value)]];
}

/** `pollIntervalMs` of a record is `poll_interval` of the file. The name of a call to AWS stays as it is. */
function keyOf(name: string): string {
  if (name.includes(':')) return name;
  return name
    .replace(/(Ms|Seconds)$/, '')
    .replaceAll(/(?<=[a-z\d])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The file of users holds what passwords are checked by: of it, how many there are. */
const USERS = 'muster.console.users';

/** Secret by their names. An external id is what keeps other customers of a service out. */
const SECRET_NAMES: ReadonlySet<string> = new Set(['externalId', 'hash', 'password', 'secret', 'token']);

/** Fields that hold moments, by their names. */
const MOMENTS = /^(from|to|until|notBefore|.*At)Ms$/;

function print(name: string, value: unknown): string {
  if (value instanceof Secret || (SECRET_NAMES.has(name) && value !== null)) return '[redacted]';
  if (name === 'certificate') return '[certificate]';
  if (typeof value === 'number' && MOMENTS.test(name)) return new Date(value).toISOString();
  if (typeof value === 'number' && name.endsWith('Ms')) return formatDuration(value);
  if (typeof value === 'number' && name.endsWith('Seconds')) return formatDuration(value * 1_000);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

let known: MusterConfig | null = null;

/** What a file comes to that says nothing but whose it is. */
function defaultConfig(): MusterConfig {
  if (known !== null) return known;
  const parsed = parseConfig('version: v3\ndiscovery_service: {}\n', { file: '', env: {} });
  if (!parsed.ok) throw new Error('an empty configuration is refused');
  known = parsed.config;
  return known;
}
