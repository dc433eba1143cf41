import type { Readable } from 'node:stream';

/**
 * The body of an answer, whole. The SDK's own collector pipes it into a stream of its own and copies it, also when it came in one
 * piece, as most do: a tenth of what a call costs (docs/decisions/0016-calls-to-aws.md). Rejects with what broke the stream off.
 */
export function collectAnswer(body: Readable): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    body.on('data', (piece: Uint8Array) => {
      pieces.push(piece);
    });
    body.once('end', () => {
      const [first] = pieces;
      resolve(pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces));
    });
    body.once('error', reject);
    // After the end this changes nothing; without one, nothing else would come.
    body.once('close', () => {
      reject(new Error('the answer was closed before its end'));
    });
  });
}
