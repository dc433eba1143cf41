import { ServiceError, type ServiceName } from './service-error.ts';

/**
 * Checks of request members the way AWS makes them: every fault of a request in one message, by member name. Limits are
 * those of the service models.
 */

/** One fault of a member. */
export interface Problem {
  readonly path: string;
  readonly value: string;
  /** `Member must have length less than or equal to 50` */
  readonly constraint: string;
  readonly kind: 'missing' | 'length' | 'pattern' | 'enum' | 'range' | 'type';
}

/** A checked member. */
export interface Field<T, R extends boolean = boolean> {
  readonly required: R;
  /** All constraints of a text or number, as a list of such words them; undefined for what has members. */
  readonly constraints?: readonly string[];
  check(value: unknown, path: string, problems: Problem[]): T;
}

type Members = Readonly<Record<string, Field<unknown>>>;
/** What a checked request looks like: required members are there, others may be undefined. */
export type Checked<S extends Members> = {
  readonly [K in keyof S]: S[K] extends Field<infer T, infer R>
    ? true extends R
      ? T
      : T | undefined
    : never;
};

interface TextRules {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null');
}

/** A member of text. */
export function text(rules: TextRules = {}): Field<string, false> {
  return {
    required: false,
    constraints: textConstraints(rules),
    check: (value, path, problems) => checkText(rules, value, path, problems),
  };
}

function textConstraints({ min, max, pattern, oneOf }: TextRules): string[] {
  const constraints: string[] = [];
  if (max !== undefined) constraints.push(`Member must have length less than or equal to ${max}`);
  if (min !== undefined) constraints.push(`Member must have length greater than or equal to ${min}`);
  if (pattern !== undefined) {
    constraints.push(`Member must satisfy regular expression pattern: ${pattern.source}`);
  }
  if (oneOf !== undefined) constraints.push(`Member must satisfy enum value set: [${oneOf.join(', ')}]`);
  return constraints;
}

function checkText(rules: TextRules, value: unknown, path: string, problems: Problem[]): string {
  const report = (kind: Problem['kind'], constraint: string): void => {
    problems.push({ path, value: show(value), constraint, kind });
  };
  if (typeof value !== 'string') {
    report('type', 'Member must be a string');
    return '';
  }
  if (rules.max !== undefined && value.length > rules.max) {
    report('length', `Member must have length less than or equal to ${rules.max}`);
  }
  if (rules.min !== undefined && value.length < rules.min) {
    report('length', `Member must have length greater than or equal to ${rules.min}`);
  }
  if (rules.pattern !== undefined && rules.pattern.exec(value)?.[0] !== value) {
    report('pattern', `Member must satisfy regular expression pattern: ${rules.pattern.source}`);
  }
  if (rules.oneOf !== undefined && !rules.oneOf.includes(value)) {
    report('enum', `Member must satisfy enum value set: [${rules.oneOf.join(', ')}]`);
  }
  return value;
}

/** A member that is a whole number; text is taken too, for the query protocols. */
export function integer(rules: { readonly min?: number; readonly max?: number } = {}): Field<number, false> {
  return {
    required: false,
    check(value, path, problems) {
      const number = typeof value === 'string' && /^-?\d+$/u.test(value) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isInteger(number)) {
        problems.push({ path, value: show(value), constraint: 'Member must be an integer', kind: 'type' });
        return 0;
      }
      if (rules.max !== undefined && number > rules.max) {
        const constraint = `Member must have value less than or equal to ${rules.max}`;
        problems.push({ path, value: show(value), constraint, kind: 'range' });
      }
      if (rules.min !== undefined && number < rules.min) {
        const constraint = `Member must have value greater than or equal to ${rules.min}`;
        problems.push({ path, value: show(value), constraint, kind: 'range' });
      }
      return number;
    },
  };
}

/** A member that is true or false. */
export function flag(): Field<boolean, false> {
  return {
    required: false,
    check(value, path, problems) {
      if (value === true || value === false) return value;
      if (value === 'true' || value === 'false') return value === 'true';
      problems.push({ path, value: show(value), constraint: 'Member must be a boolean', kind: 'type' });
      return false;
    },
  };
}

/** A member that is a list. */
export function list<T>(
  of: Field<T>,
  rules: { readonly min?: number; readonly max?: number } = {},
): Field<T[], false> {
  return {
    required: false,
    check(value, path, problems) {
      if (!Array.isArray(value)) {
        problems.push({ path, value: show(value), constraint: 'Member must be a list', kind: 'type' });
        return [];
      }
      if (rules.max !== undefined && value.length > rules.max) {
        const constraint = `Member must have length less than or equal to ${rules.max}`;
        problems.push({ path, value: show(value), constraint, kind: 'length' });
      }
      if (rules.min !== undefined && value.length < rules.min) {
        const constraint = `Member must have length greater than or equal to ${rules.min}`;
        problems.push({ path, value: show(value), constraint, kind: 'length' });
      }
      const inner: Problem[] = [];
      const items = value.map((item: unknown, i) => of.check(item, `${path}.${i + 1}.member`, inner));
      const [first] = inner;
      if (first !== undefined && first.kind !== 'type' && of.constraints !== undefined) {
        // What is wrong with a text in a list is said of the list, with everything a text has to be.
        const constraint = `Member must satisfy constraint: [${of.constraints.join(', ')}]`;
        problems.push({ path, value: show(value), constraint, kind: first.kind });
      } else {
        problems.push(...inner);
      }
      return items;
    },
  };
}

/** A member that is a map from text to lists or texts. */
export function map<T>(of: Field<T>): Field<Record<string, T>, false> {
  return {
    required: false,
    check(value, path, problems) {
      if (!isObject(value)) {
        problems.push({ path, value: show(value), constraint: 'Member must be a map', kind: 'type' });
        return {};
      }
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([key, item]) => [key, of.check(item, `${path}.${key}`, problems)]),
      );
    },
  };
}

/** A member with members of its own. */
export function structure<S extends Members>(members: S): Field<Checked<S>, false> {
  return {
    required: false,
    check(value, path, problems) {
      if (!isObject(value)) {
        problems.push({ path, value: show(value), constraint: 'Member must be a structure', kind: 'type' });
        return {} as Checked<S>;
      }
      return checkMembers(members, value, `${path}.`, problems);
    },
  };
}

/** The same member, which must be there. */
export function required<T>(field: Field<T>): Field<T, true> {
  return { required: true, check: (value, path, problems) => field.check(value, path, problems) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkMembers<S extends Members>(
  members: S,
  raw: Record<string, unknown>,
  prefix: string,
  problems: Problem[],
): Checked<S> {
  const out: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(members)) {
    const value = raw[name];
    const path = `${prefix}${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    if (value !== undefined && value !== null) out[name] = field.check(value, path, problems);
    else if (field.required) {
      problems.push({ path, value: 'null', constraint: 'Member must not be null', kind: 'missing' });
    }
  }
  return out as Checked<S>;
}

/**
 * Checks a request.
 * @throws {ServiceError} the service's validation error with all problems, or SerializationException for wrong types.
 */
export function readRequest<S extends Members>(service: ServiceName, members: S, raw: unknown): Checked<S> {
  const problems: Problem[] = [];
  const checked = checkMembers(members, isObject(raw) ? raw : {}, '', problems);
  if (problems.length > 0) throw validationError(service, problems);
  return checked;
}

/** Wording of constraint violations per service. */
function validationError(service: ServiceName, problems: readonly Problem[]): ServiceError {
  const wrongType = problems.find((problem) => problem.kind === 'type');
  if (wrongType !== undefined && service !== 'ec2' && service !== 'sts') {
    return new ServiceError('SerializationException', `${wrongType.path}: ${wrongType.constraint}`);
  }
  const list = problems
    .map(
      (p) =>
        `Value ${p.kind === 'missing' ? 'null' : `'${p.value}'`} at '${p.path}' failed to satisfy constraint: ${p.constraint}`,
    )
    .join('; ');
  const message = `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: ${list}`;
  if (service === 'organizations') {
    const [Reason, words] = organizationsReason(problems[0]);
    return new ServiceError('InvalidInputException', words, 400, { Reason });
  }
  return new ServiceError(service === 'sts' ? 'ValidationError' : 'ValidationException', message);
}

type Reason = readonly [reason: string, words: string];

const ORGANIZATIONS_REASONS: Readonly<Record<Problem['kind'], Reason>> = {
  missing: ['INPUT_REQUIRED', 'You must include a value for all required parameters.'],
  enum: ['INVALID_ENUM', 'You specified an invalid value.'],
  length: ['MAX_LENGTH_EXCEEDED', 'You provided a string parameter that is longer than allowed.'],
  range: ['MAX_VALUE_EXCEEDED', 'You provided a numeric parameter that has a larger value than allowed.'],
  pattern: ['INVALID_PATTERN', 'You provided a value that does not match the required pattern.'],
  type: ['INVALID_PATTERN', 'You provided a value that does not match the required pattern.'],
};
const TOO_SMALL: Readonly<Partial<Record<Problem['kind'], Reason>>> = {
  length: ['MIN_LENGTH_EXCEEDED', 'You provided a string parameter that is shorter than allowed.'],
  range: ['MIN_VALUE_EXCEEDED', 'You provided a numeric parameter that has a smaller value than allowed.'],
};

/** Organizations names a reason instead of the member: https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html */
function organizationsReason(problem: Problem | undefined): Reason {
  const kind = problem?.kind ?? 'pattern';
  const tooSmall = problem?.constraint.includes('greater') === true;
  return (tooSmall ? TOO_SMALL[kind] : undefined) ?? ORGANIZATIONS_REASONS[kind];
}
