import { createHash, createHmac, createSecretKey, type Hash, type Hmac } from 'node:crypto';

/**
 * SHA-256, and HMAC with it, for the SDK's signer. A signature takes six HMACs, since the SDK keeps no more than 50 signing keys and an
 * organization has thousands. Node takes four times as long for a key given as bytes as for an imported one, so each is imported:
 * half of the CPU of a signature (docs/decisions/0016-calls-to-aws.md).
 */
export class SigningHash {
  readonly #hash: Hash | Hmac;

  /** @param secret the key of an HMAC. @default none: a plain hash */
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', keyOf(secret));
  }

  /** Adds bytes or UTF-8 text to what is hashed. */
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === 'string' ? data : bytesOf(data));
  }

  /** The hash of everything that was added; asked for once. */
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

function keyOf(secret: string | ArrayBuffer | ArrayBufferView): Parameters<typeof createHmac>[1] {
  return typeof secret === 'string' ? secret : createSecretKey(bytesOf(secret));
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
