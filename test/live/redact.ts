/**
 * Takes out of an answer what tells whose it is. A text is masked unless its field is one of AWS's own vocabulary and it
 * looks like a word: what is not known to be harmless is not shown.
 */
import { createHmac } from 'node:crypto';

/** Masks for one record: the same id gives the same mask within it, and in no other record. */
export interface Redactor {
  /** A copy of an answer or of an input, with lists cut. */
  value(answer: unknown): unknown;
  /** A message of an error. */
  text(message: string): string;
}

/** The ends of paths whose texts are words of AWS or of Teleport. */
const VOCABULARY = [
  'State.Name State.Code Monitoring.State State Status StatusDetails Architecture Platform',
  'PlatformDetails PlatformType PlatformTypes[] PingStatus ResourceType InstanceType VirtualizationType Hypervisor',
  'RootDeviceType BootMode CurrentInstanceBootMode HttpTokens HttpEndpoint HttpProtocolIpv6 InstanceMetadataTags Tenancy',
  'AutoRecovery RegionName RegionOptStatus OptInStatus Endpoint FeatureSet JoinedMethod Type',
  'ChildType AssociationStatus IsLatestVersion AgentVersion PlatformVersion SourceType DocumentFormat DocumentType',
  'DocumentVersion SchemaVersion HashType SettingValue SettingId PluginName CommandPlugins[].Name Filters[].Name',
  'Filters[].Key Filters[].key RegionOptStatusContains[] kind sub_kind version server_version min_client_version',
  'edition type second_factor tools_version agent_version preferred_local_mfa',
].flatMap((line) => line.split(' '));
const WORD = /^[\w .:/$-]{1,64}$/;
/** Labels whose names Teleport or AWS give. */
const KNOWN_LABEL = /^(teleport\.|aws\/|aws:)/;
const MOST_ELEMENTS = 20;

const IDENTIFYING: readonly (readonly [RegExp, (match: string, hash: (text: string) => string) => string])[] =
  [
    [
      /\barn:[\w-]+:[\w-]*:[\w-]*:\d{0,12}:[^\s"',]+/g,
      (match, hash) => `arn:${match.split(':')[2] ?? ''}:#${hash(match)}`,
    ],
    [/[\w.+-]+@[\w-]+\.[\w.-]+/g, () => 'email'],
    [
      /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
      (match, hash) => `uuid-#${hash(match)}`,
    ],
    [
      /\b(i|mi|ami|aki|ari|sg|sgr|subnet|vpc|eni|eni-attach|eipassoc|eipalloc|vol|snap|lt|r|o|ou|p|cr|h|pl|igw|rtb)-[0-9a-z-]{4,}\b/g,
      (match, hash) => `${match.slice(0, match.indexOf('-'))}-#${hash(match)}`,
    ],
    [/\b\d{12}\b/g, (match, hash) => `account-#${hash(match)}`],
    [/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi, () => 'mac'],
    [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, () => 'ipv4'],
    [/\b(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{0,4}\b/gi, () => 'ipv6'],
  ];

/** @param salt secret, thrown away with the run: without it no mask can be tried out */
export function createRedactor(salt: Buffer): Redactor {
  const hash = (text: string): string => createHmac('sha256', salt).update(text).digest('hex').slice(0, 10);
  /** Texts that were masked as such: they may stand in a message too. */
  const masked = new Set<string>();

  function maskIds(text: string): string {
    return IDENTIFYING.reduce(
      (rest, [pattern, mask]) => rest.replaceAll(pattern, (match) => mask(match, hash)),
      text,
    );
  }

  function maskText(text: string): string {
    if (text === '') return '';
    const [match] = IDENTIFYING.flatMap(([pattern, mask]) => {
      const found = text.match(pattern);
      return found?.[0] === text ? [mask(text, hash)] : [];
    });
    if (match !== undefined) return match;
    if (text.length >= 4) masked.add(text);
    return `text of ${text.length}`;
  }

  function walk(value: unknown, path: string): unknown {
    if (typeof value === 'string') {
      const isWord = VOCABULARY.some((end) => path === end || path.endsWith(`.${end}`)) && WORD.test(value);
      return isWord && maskIds(value) === value ? value : maskText(value);
    }
    if (value instanceof Date) return 'date';
    if (Array.isArray(value)) {
      const shown = value.slice(0, MOST_ELEMENTS).map((element) => walk(element, `${path}[]`));
      return value.length > MOST_ELEMENTS ? [...shown, `and ${value.length - MOST_ELEMENTS} more`] : shown;
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([, part]) => part !== undefined);
    if (!isDataMap(path)) {
      return Object.fromEntries(
        entries.map(([key, part]) => [key, walk(part, path === '' ? key : `${path}.${key}`)]),
      );
    }
    return Object.fromEntries(
      entries.map(([key, part]) => [
        KNOWN_LABEL.test(key) ? key : `key-#${hash(key)}`,
        walk(part, `${path}{}`),
      ]),
    );
  }

  return {
    value: (answer) => walk(answer, ''),
    text: (message) => {
      let rest = maskIds(message);
      for (const text of masked) rest = rest.replaceAll(text, `text of ${text.length}`);
      return rest;
    },
  };
}

/** Objects whose keys are data: parameters of a command, labels of a node. */
export function isDataMap(path: string): boolean {
  return /(^|\.)(Parameters|labels|cmd_labels|new_labels)$/.test(path);
}
