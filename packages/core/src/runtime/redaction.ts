import type { Secret } from '../config/secret.ts';

/** Takes secrets out of text that somebody will read: log lines, failed jobs, findings. */
export type Redact = (text: string) => string;

const REDACTED = '[redacted]';

/** Redacting values shorter than this would blank out half of every text. */
const SHORTEST_KNOWN_SECRET = 6;

/**
 * Secrets by their form, for those that slip into somebody else's error messages. Forms of keys and tokens:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html (read 2026-11); of signatures:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (read 2026-11).
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
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']*@/gi, `$1${REDACTED}@`],
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
  const values = secrets
    .map((secret) => secret.reveal())
    .filter((value) => value.length >= SHORTEST_KNOWN_SECRET)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const value of values) clean = clean.replaceAll(value, REDACTED);
    if (PLAIN.test(clean)) return clean;
    for (const [form, replacement] of FORMS) clean = clean.replace(form, replacement);
    return clean;
  };
}

/** What remains of a field: numbers and the like as they are, text redacted, deep or endless things cut off. */
export type RedactValue = (value: unknown) => unknown;

const DEEPEST = 6;
const LONGEST_TEXT = 8_000;
const LONGEST_LIST = 100;

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
    if (typeof value === 'string') return redact(cut(value));
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
    for (const [name, value] of Object.entries(fields)) {
      kept[name] =
        isSecretName(name) && value !== null && value !== undefined ? REDACTED : clean(value, depth + 1);
    }
    return kept;
  };
  /** Name, message and stack are not enumerable; `code`, `details` and whatever libraries add are. */
  const cleanError = (error: Error, depth: number): Record<string, unknown> => ({
    ...cleanFields(error, depth),
    type: error.name,
    message: redact(cut(error.message)),
    ...(error.stack === undefined ? {} : { stack: redact(cut(error.stack)) }),
    ...(error.cause === undefined ? {} : { cause: clean(error.cause, depth + 1) }),
  });
  return (value) => clean(value, 0);
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}… [${text.length} characters]`;
}
