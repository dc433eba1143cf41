/** Passwords as argon2id hashes, in the PHC string format that other tools write too: https://github.com/P-H-C/phc-string-format (read 2026-11). */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a hash costs. */
interface HashCost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** OWASP's figures with a pass more: about 50 ms of a core, off the main thread. Four checks run at once, in 76 MiB. */
const COST: HashCost = { memory: 19 * 1024, passes: 3, parallelism: 1 };
const SALT_BYTES = 16;
const TAG_BYTES = 32;

/** A file may name other costs, within this: a check must not take the process's memory or a minute. */
const MOST: HashCost = { memory: 128 * 1024, passes: 10, parallelism: 16 };
/** Less than OWASP's least is no protection. https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html (read 2026-11) */
const LEAST_MEMORY = 7 * 1024;

interface ParsedHash extends HashCost {
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** `$argon2id$v=19$m=65536,t=3,p=1$SALT$TAG`, with a new salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const tag = await derive(password, { ...COST, salt, tag: Buffer.alloc(TAG_BYTES) });
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** Whether the password is that of the hash. False for a text that is no hash, after as long. */
export async function isPasswordOf(hash: string, password: string): Promise<boolean> {
  const parsed = parseHash(hash);
  const tag = await derive(password, parsed ?? NO_HASH);
  return parsed !== null && timingSafeEqual(tag, parsed.tag);
}

/** Costs a check as much as a real one, so that its time does not tell whether a user is known. */
const NO_HASH: ParsedHash = { ...COST, salt: Buffer.alloc(SALT_BYTES), tag: Buffer.alloc(TAG_BYTES) };

/** Null when the text is an argon2id hash that a check can afford; else what is wrong with it, to follow its name. */
export function faultOfHash(text: string): string | null {
  if (!text.startsWith('$argon2id$')) return 'is no argon2id hash: make one with muster user add';
  return parseHash(text) === null
    ? `is no argon2id hash in the PHC format, or its cost is out of bounds (m from ${LEAST_MEMORY} to ${MOST.memory}, t to ${MOST.passes}, p to ${MOST.parallelism})`
    : null;
}

function parseHash(text: string): ParsedHash | null {
  const [, m, t, p, salt = '', tag = ''] = PHC.exec(text) ?? [];
  const [memory, passes, parallelism] = [Number(m), Number(t), Number(p)];
  const isBounded =
    memory >= LEAST_MEMORY &&
    memory <= MOST.memory &&
    passes >= 1 &&
    passes <= MOST.passes &&
    parallelism >= 1 &&
    parallelism <= MOST.parallelism;
  if (!isBounded) return null;
  return { memory, passes, parallelism, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') };
}

function derive(password: string, { memory, passes, parallelism, salt, tag }: ParsedHash): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // Unicode has several spellings of one letter; keyboards disagree.
  const message = password.normalize('NFKC');
  const parameters = { message, nonce: salt, parallelism, tagLength: tag.length, memory, passes };
  argon2('argon2id', parameters, (error, derived) => {
    if (error === null) resolve(derived);
    else reject(error);
  });
  return promise;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
