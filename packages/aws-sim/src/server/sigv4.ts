import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** Signatures older or younger than this are refused. */
export const SIGNATURE_VALIDITY_MS = 5 * 60_000;

/** Parts of an `Authorization: AWS4-HMAC-SHA256 …` header. */
export interface SignatureHeader {
  readonly accessKeyId: string;
  /** `yyyymmdd` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** A signature with the moment and the session it is about, from the headers or from a presigned address. */
export interface RequestSignature extends SignatureHeader {
  /** `yyyymmddThhmmssZ` */
  readonly amzDate: string;
  readonly sessionToken: string | null;
  /** How long a presigned address holds, in seconds; null for a signature in the headers. */
  readonly presignedSeconds: number | null;
}

/** Reads the signature of a request; null when there is none, `incomplete` when parts of it are missing. */
export function readSignature(request: SignedRequest): RequestSignature | 'incomplete' | null {
  const { headers } = request;
  const authorization = headerValue(headers, 'authorization');
  if (authorization === '') return readPresigned(request);
  const header = parseAuthorization(authorization);
  const given = headerValue(headers, 'x-amz-date');
  const plain = Date.parse(headerValue(headers, 'date'));
  const amzDate = given === '' && !Number.isNaN(plain) ? formatAmzDate(plain) : given;
  if (header === null || amzDate === '') return 'incomplete';
  const token = headerValue(headers, 'x-amz-security-token');
  return { ...header, amzDate, sessionToken: token === '' ? null : token, presignedSeconds: null };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html */
function readPresigned(request: SignedRequest): RequestSignature | 'incomplete' | null {
  const query = new URLSearchParams(splitOnce(request.url, '?')[1]);
  if (!query.has('X-Amz-Algorithm')) return null;
  const part = (name: string): string => query.get(name) ?? '';
  const header = parseAuthorization(
    `${part('X-Amz-Algorithm')} Credential=${part('X-Amz-Credential')}, SignedHeaders=${part('X-Amz-SignedHeaders')}, Signature=${part('X-Amz-Signature')}`,
  );
  const amzDate = part('X-Amz-Date');
  if (header === null || amzDate === '') return 'incomplete';
  const presignedSeconds = Number(query.get('X-Amz-Expires') ?? '900');
  return { ...header, amzDate, sessionToken: query.get('X-Amz-Security-Token'), presignedSeconds };
}

/** Takes an `Authorization` header apart; null when it is not one of Signature Version 4. */
export function parseAuthorization(header: string): SignatureHeader | null {
  if (!header.startsWith('AWS4-HMAC-SHA256 ')) return null;
  let credential = '';
  let signedHeaders = '';
  let signature = '';
  for (const part of header.slice(17).split(',')) {
    const text = part.trim();
    if (text.startsWith('Credential=')) credential = text.slice(11);
    else if (text.startsWith('SignedHeaders=')) signedHeaders = text.slice(14);
    else if (text.startsWith('Signature=')) signature = text.slice(10);
  }
  const [accessKeyId, date, region, service, terminator, ...rest] = credential.split('/');
  if (accessKeyId === undefined || date === undefined || region === undefined || service === undefined) {
    return null;
  }
  if (terminator !== 'aws4_request' || rest.length > 0 || signedHeaders === '' || signature === '') {
    return null;
  }
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';'), signature };
}

/** What was signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came over the wire. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Verifies signatures; keeps the signing keys it derived, which is most of the work. */
export interface SignatureVerifier {
  /** Whether the signature was made with this secret. */
  matches(
    request: SignedRequest,
    header: SignatureHeader & { readonly amzDate: string },
    secret: string,
  ): boolean;
}

/** Signing keys per generation; two generations are kept. */
const KEYS_PER_GENERATION = 30_000;

/** A verifier with an empty cache. */
export function createSignatureVerifier(): SignatureVerifier {
  let young = new Map<string, Buffer>();
  let old = new Map<string, Buffer>();

  function signingKey(header: SignatureHeader, secret: string): Buffer {
    const cacheKey = `${secret}/${header.date}/${header.region}/${header.service}`;
    const known = young.get(cacheKey) ?? old.get(cacheKey);
    const key = known ?? deriveSigningKey(header, secret);
    if (!young.has(cacheKey)) {
      if (young.size >= KEYS_PER_GENERATION) {
        old = young;
        young = new Map();
      }
      young.set(cacheKey, key);
    }
    return key;
  }

  return {
    matches(request, header, secret) {
      const scope = `${header.date}/${header.region}/${header.service}/aws4_request`;
      const canonical = hash('sha256', canonicalRequest(request, header.signedHeaders), 'hex');
      const toSign = `AWS4-HMAC-SHA256\n${header.amzDate}\n${scope}\n${canonical}`;
      const expected = createHmac('sha256', signingKey(header, secret)).update(toSign).digest();
      const given = Buffer.from(header.signature, 'hex');
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

function deriveSigningKey(header: SignatureHeader, secret: string): Buffer {
  const step = (key: string | Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  return step(step(step(step(`AWS4${secret}`, header.date), header.region), header.service), 'aws4_request');
}

function headerValue(headers: SignedRequest['headers'], name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[]): string {
  const [path, query] = splitOnce(request.url, '?');
  const canonicalQuery = query
    .split('&')
    .filter((pair) => pair !== '' && !pair.startsWith('X-Amz-Signature='))
    .map(normalizePair)
    .sort()
    .join('&');
  let headerLines = '';
  for (const name of signedHeaders) {
    headerLines += `${name}:${headerValue(request.headers, name).trim().replaceAll(/\s+/gu, ' ')}\n`;
  }
  const payload = hash('sha256', request.body, 'hex');
  return `${request.method}\n${path}\n${canonicalQuery}\n${headerLines}\n${signedHeaders.join(';')}\n${payload}`;
}

function normalizePair(pair: string): string {
  return pair.includes('=') ? pair : `${pair}=`;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Reads `yyyymmddThhmmssZ`; NaN when it is not that. */
export function parseAmzDate(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/u.exec(text);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** Writes `yyyymmddThhmmssZ`. */
export function formatAmzDate(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replaceAll(/[-:]/gu, '')}Z`;
}
