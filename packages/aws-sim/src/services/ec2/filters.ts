import { ServiceError } from '../../server/service-error.ts';
import type { Instance } from '../../world/host-states.ts';
import { filterReader } from './filter-readers.ts';

/** Whether an instance passes all filters of a request. */
export type InstanceFilter = (instance: Instance) => boolean;

const MAX_FILTERS = 50;
const MAX_VALUES = 200;
const MAX_VALUE_LENGTH = 255;

/**
 * Turns the filters of a request into one test: filters are ANDed, values of one are ORed, `*` and `?` are wildcards
 * and `\` takes their meaning away; case counts.
 * @throws {ServiceError} InvalidParameterValue, FilterLimitExceeded
 */
export function readFilters(filters: readonly Filter[]): InstanceFilter {
  const tests = filtersOf(filters).map(readFilter);
  return (instance) => tests.every((test) => test(instance));
}

interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

/** Checks what all filters share. @throws {ServiceError} InvalidParameterValue, FilterLimitExceeded */
export function filtersOf(filters: readonly Filter[]): readonly Filter[] {
  if (filters.length > MAX_FILTERS || filters.some((filter) => filter.values.length > MAX_VALUES)) {
    throw new ServiceError(
      'FilterLimitExceeded',
      `The maximum number of filters or filter values specified on a single call is ${MAX_FILTERS} and ${MAX_VALUES}.`,
    );
  }
  for (const { name, values } of filters) {
    if (values.length === 0) {
      throw new ServiceError('InvalidParameterValue', `The filter '${name}' has no values`);
    }
    if (values.some((value) => value.length > MAX_VALUE_LENGTH)) {
      throw new ServiceError(
        'InvalidParameterValue',
        `A value of the filter '${name}' is longer than ${MAX_VALUE_LENGTH} characters`,
      );
    }
  }
  return filters;
}

/** The error of a filter that an operation does not have. */
export function unknownFilter(name: string): ServiceError {
  return new ServiceError('InvalidParameterValue', `The filter '${name}' is invalid`);
}

function readFilter({ name, values }: Filter): InstanceFilter {
  const matches = readPatterns(values);
  if (name.startsWith('tag:')) {
    const key = name.slice(4);
    return (instance) => Object.hasOwn(instance.tags, key) && matches(instance.tags[key] ?? '');
  }
  if (name === 'tag-key') return (instance) => Object.keys(instance.tags).some(matches);
  const read = filterReader(name);
  if (read === undefined) throw unknownFilter(name);
  return (instance) => {
    const value = read(instance);
    return value !== undefined && matches(value);
  };
}

/** Whether a text is one of the values, which may have wildcards. */
export function readPatterns(values: readonly string[]): (text: string) => boolean {
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
