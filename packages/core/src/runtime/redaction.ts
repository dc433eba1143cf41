import type { Secret } from '../config/secret.ts';

/** Stands where a secret stood. */
const REDACTED = '[redacted]';

/**
 * Takes secrets out of text that is shown to people: log lines, failed jobs, findings. At most `most` characters of the
 * text are looked at and come back, with a word on what was left out. Time grows with the length, never with its square.
 */
export type Redact = (text: string, most?: number) => string;

/** More than a script's whole output, which AWS cuts at 24,000 characters and a bucket of ours at 32,000. */
const LONGEST_REDACTED = 40_000;

/** A word is cut in two by this much at most: the longest token of AWS is shorter. */
const LONGEST_WORD = 4_096;

/**
 * Secrets by their form, for those that slip into another program's error messages. Forms of keys and tokens:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html (read 2026-11); of signatures:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (read 2026-11).
 *
 * Each begins with fixed characters, and what follows them cannot hold another beginning or is read once: a form that
 * begins with a repeated class (a URL's scheme did) tries every place anew and takes the square of the length.
 */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\b(AWS4-(?:HMAC|ECDSA-P256)-SHA256)\s+Credential=[^\r\n"'}]*/gi, `$1 ${REDACTED}`],
  [/\b(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"'<]+/gi, `$1${REDACTED}`],
  [/\b(A[KS]IA)[A-Z2-7]{16}\b/g, `$1${REDACTED}`],
  [/\b(?:IQoJb3JpZ2lu|FwoGZXIvYXdz)[\w+/=%-]{16,}/g, REDACTED],
  [
    /((?:aws[_-]?)?secret[_-]?(?:access[_-]?)?key\b["']?(?:\s*[:=]\s*|\s*>\s*|\s+)["']?)[\w+/=]{16,}/gi,
    `$1${REDACTED}`,
  ],
  [
    /((?:session|security)[_-]?token\b["']?(?:\s*[:=]\s*|\s*>\s*|\s+)["']?)[\w+/=%.-]{16,}/gi,
    `$1${REDACTED}`,
  ],
  [/\b(authorization["']?\s*[:=]\s*["']?)(?!AWS4-)[^\r\n"'}]+/gi, `$1${REDACTED}`],
  [/\b(Bearer|Basic)\s+[\w+/=~.-]{8,}/gi, `$1 ${REDACTED}`],
  [/(:\/\/)[^\s/@"']*@/g, `$1${REDACTED}@`],
  [
    /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
    `-----${REDACTED} $1-----`,
  ],
];

/** Ids, names and states, which make up most lines: every form has a capital letter or another character in it. */
const PLAIN = /^[a-z0-9._-]*$/;

/**
 * A redactor that knows the forms of AWS credentials, signatures, authorization headers, passwords in URLs and
 * private keys, and beyond them the exact values in `secrets` (such as a join token), which have no form of their own.
 */
export function createRedactor(secrets: readonly Secret[] = []): Redact {
  const known = createKnownSecrets(secrets.map((secret) => secret.reveal()));
  return (text, most = LONGEST_REDACTED) => {
    const end = text.length <= most ? text.length : endOfWords(text, known.endBefore(text, most));
    let clean = known.hide(end === text.length ? text : text.slice(0, end));
    if (!PLAIN.test(clean)) {
      for (const [form, replacement] of FORMS) clean = clean.replace(form, replacement);
    }
    return end === text.length ? clean : `${clean}… [${text.length} characters]`;
  };
}

/** A cut inside a word could leave half a token that has no form any more: the cut comes before the word instead. */
function endOfWords(text: string, end: number): number {
  const start = Math.max(0, end - LONGEST_WORD);
  for (let at = end; at > start; at -= 1) {
    if (isSeparator(text.charCodeAt(at)) || isSeparator(text.charCodeAt(at - 1))) return at;
  }
  return end;
}

/** Space and control characters, quotes, comma, `&`, `<`. */
function isSeparator(code: number): boolean {
  return code <= 32 || code === 34 || code === 39 || code === 44 || code === 38 || code === 60;
}

/** Takes the values of a configuration's secrets out of text, whatever their length. */
interface KnownSecrets {
  readonly hide: (text: string) => string;
  /** Where to cut a text at `most` or a little before, so that no secret is cut in two: half of one is not found any more. */
  readonly endBefore: (text: string, most: number) => number;
}

/** From this length a value is taken out wherever it stands. A shorter one would blank out half of every text. */
const SHORTEST_ANYWHERE = 6;

/** @param values the secrets in clear; empty ones are left out */
function createKnownSecrets(values: readonly string[]): KnownSecrets {
  const given = [...new Set(values)].filter((value) => value !== '').sort((a, b) => b.length - a.length);
  const long = given.filter((value) => value.length >= SHORTEST_ANYWHERE);
  const short = given.filter((value) => value.length < SHORTEST_ANYWHERE);
  const whole = new Set(short);
  const marked = short.map((value) => asMarkedValue(value));
  return {
    hide: (text) => {
      if (whole.has(text)) return REDACTED;
      let clean = text;
      for (const value of long) clean = clean.replaceAll(value, REDACTED);
      for (const form of marked) clean = clean.replace(form, REDACTED);
      return clean;
    },
    endBefore: (text, most) =>
      long.reduce((end, value) => {
        const at = text.slice(Math.max(0, end - value.length + 1), end + value.length - 1).indexOf(value);
        return at === -1 ? end : Math.max(0, end - value.length + 1) + at;
      }, most),
  };
}

/**
 * A short value where its place says that it is a value: between quotes, after `=` or `:` and before an end, the password
 * of a URL, the last word of an AUTH command.
 */
function asMarkedValue(value: string): RegExp {
  const literal = value.replaceAll(/\W/g, String.raw`\$&`);
  return new RegExp(`(?<=["'=:/]|\\bAUTH (?:\\S{1,64} )?)${literal}(?=["'@&,;}\\])\\s]|$)`, 'gi');
}

/** What remains of a field: numbers and the like as they are, text redacted, deep or endless things cut off. */
type RedactValue = (value: unknown) => unknown;

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
