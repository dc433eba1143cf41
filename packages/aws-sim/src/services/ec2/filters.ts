import { ServiceError } from '../../server/service-error.ts';
import type { Instance } from '../../world/host-states.ts';

/** Whether an instance passes all filters of a request. */
export type InstanceFilter = (instance: Instance) => boolean;

const MAX_FILTERS = 50;
const MAX_VALUES = 200;
const MAX_VALUE_LENGTH = 255;

const READERS: Readonly<Record<string, (instance: Instance) => string | undefined>> = {
  'instance-state-name': (instance) => instance.state,
  'instance-id': (instance) => instance.id,
  'owner-id': (instance) => instance.account.id,
  platform: (instance) => (instance.platform === 'windows' ? 'windows' : undefined),
  'platform-details': (instance) => instance.platformDetails,
  'instance-type': (instance) => instance.instanceType,
  architecture: (instance) => instance.architecture,
  'image-id': (instance) => instance.imageId,
  'private-ip-address': (instance) => instance.privateIp,
  'private-dns-name': (instance) => instance.hostname,
  'metadata-options.http-tokens': (instance) => instance.httpTokens,
  'iam-instance-profile.arn': (instance) =>
    instance.profile === null ? undefined : profileArn(instance.account.id, instance.profile),
  'instance-lifecycle': () => undefined,
  'operator.managed': () => 'false',
};

/** The ARN of an instance profile. */
export function profileArn(accountId: string, name: string): string {
  return `arn:aws:iam::${accountId}:instance-profile/${name}`;
}

/**
 * Turns the filters of a request into one test: filters are ANDed, values of one are ORed, `*` and `?` are wildcards
 * and `\` takes their meaning away; case counts.
 * @throws {ServiceError} InvalidParameterValue, FilterLimitExceeded
 */
export function readFilters(filters: readonly { name: string; values: readonly string[] }[]): InstanceFilter {
  if (filters.length > MAX_FILTERS || filters.some((filter) => filter.values.length > MAX_VALUES)) {
    throw new ServiceError(
      'FilterLimitExceeded',
      `The maximum number of filters or filter values specified on a single call is ${MAX_FILTERS} and ${MAX_VALUES}.`,
    );
  }
  const tests = filters.map(readFilter);
  return (instance) => tests.every((test) => test(instance));
}

function readFilter(filter: { name: string; values: readonly string[] }): InstanceFilter {
  const { name, values } = filter;
  if (values.length === 0) {
    throw new ServiceError('InvalidParameterValue', `The filter '${name}' has no values`);
  }
  if (values.some((value) => value.length > MAX_VALUE_LENGTH)) {
    throw new ServiceError(
      'InvalidParameterValue',
      `A value of the filter '${name}' is longer than ${MAX_VALUE_LENGTH} characters`,
    );
  }
  const matches = readPatterns(values);
  if (name.startsWith('tag:')) {
    const key = name.slice(4);
    return (instance) => Object.hasOwn(instance.tags, key) && matches(instance.tags[key] ?? '');
  }
  if (name === 'tag-key') return (instance) => Object.keys(instance.tags).some(matches);
  const read = READERS[name];
  if (read === undefined) throw new ServiceError('InvalidParameterValue', `The filter '${name}' is invalid`);
  return (instance) => {
    const value = read(instance);
    return value !== undefined && matches(value);
  };
}

function readPatterns(values: readonly string[]): (text: string) => boolean {
  const exact = new Set(values.filter((value) => !/[*?\\]/u.test(value)));
  const patterns = values.filter((value) => !exact.has(value)).map(toRegExp);
  return (text) => exact.has(text) || patterns.some((pattern) => pattern.test(text));
}

function toRegExp(value: string): RegExp {
  let source = '';
  for (let i = 0; i < value.length; i += 1) {
    const c = value[i] ?? '';
    if (c === '*') source += '.*';
    else if (c === '?') source += '.';
    else {
      const literal = c === '\\' && i + 1 < value.length ? (value[++i] ?? '') : c;
      source += literal.replaceAll(/[.*+?^${}()|[\]\\/]/gu, String.raw`\$&`);
    }
  }
  return new RegExp(`^${source}$`, 'su');
}
