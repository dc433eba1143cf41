import type { Secret } from '../config/secret.ts';
import { createKnownSecrets, REDACTED } from './known-secrets.ts';

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
