import { REDACTED } from './known-secrets.ts';
import type { Redact } from './redaction.ts';

/** What remains of a field: numbers and the like as they are, text redacted, deep or endless things cut off. */
export type RedactValue = (value: unknown) => unknown;

const DEEPEST = 6;
const LONGEST_TEXT = 8_000;
const LONGEST_LIST = 100;
const LONGEST_NAME = 100;

/** Names of fields whose value is never shown, whatever it is; compared without case, `-` and `_`. */
const SECRET_NAME =
  /password|passwd|secret|authorization|credential|privatekey|sessiontoken|securitytoken|cookie/;
const SECRET_NAMES = new Set(['token', 'jointoken', 'accesstoken', 'apikey', 'accesskeyid']);

/** Few names make up all lines; those of a foreign object's fields could be any, so the memory is bounded. */
const JUDGED_NAMES = new Map<string, boolean>();
const MOST_JUDGED_NAMES = 1_000;

function isSecretName(name: string): boolean {
  const known = JUDGED_NAMES.get(name);
  if (known !== undefined) return known;
  const isSecret = judgeName(name);
  if (JUDGED_NAMES.size < MOST_JUDGED_NAMES) JUDGED_NAMES.set(name, isSecret);
  return isSecret;
}

function judgeName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[-_]/g, '');
  return SECRET_NAMES.has(plain) || SECRET_NAME.test(plain);
}

/** Redacts a structure: by the names of its fields, by type (`Secret` and errors), and every text in it. */
export function createValueRedactor(redact: Redact): RedactValue {
  const clean = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return redact(value, LONGEST_TEXT);
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= DEEPEST) return '[too deep]';
    if (value instanceof Error) return cleanError(value, depth);
    if ('toJSON' in value && typeof value.toJSON === 'function') return clean(value.toJSON(), depth + 1);
    if (Array.isArray(value)) return value.slice(0, LONGEST_LIST).map((item) => clean(item, depth + 1));
    return cleanFields(value, depth);
  };
  const cleanFields = (fields: object, depth: number): Record<string, unknown> => {
    const kept: Record<string, unknown> = {};
    for (const [given, value] of Object.entries(fields).slice(0, LONGEST_LIST)) {
      const name = given.length <= LONGEST_NAME ? given : `${given.slice(0, LONGEST_NAME)}…`;
      kept[name] =
        isSecretName(name) && value !== null && value !== undefined ? REDACTED : clean(value, depth + 1);
    }
    return kept;
  };
  /** Name, message and stack are not enumerable; `code`, `details` and whatever libraries add are. */
  const cleanError = (error: Error, depth: number): Record<string, unknown> => ({
    ...cleanFields(Object.assign({}, error, commandOf(error)), depth),
    type: error.name,
    message: redact(error.message, LONGEST_TEXT),
    ...(error.stack === undefined ? {} : { stack: redact(error.stack, LONGEST_TEXT) }),
    ...(error.cause === undefined ? {} : { cause: clean(error.cause, depth + 1) }),
  });
  return (value) => clean(value, 0);
}

/**
 * Of the command that Redis refused, its name: the arguments are passwords (AUTH) and whole records, and no line needs
 * them. https://github.com/redis/ioredis/blob/main/lib/Command.ts (read 2026-11)
 */
function commandOf(error: object): { readonly command?: unknown } {
  if (!('command' in error) || typeof error.command !== 'object' || error.command === null) return {};
  return { command: 'name' in error.command ? error.command.name : '[command]' };
}
