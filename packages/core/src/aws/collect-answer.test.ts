import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { collectAnswer } from './collect-answer.ts';

describe('the body of an answer', () => {
  it('is handed on as it came when it came in one piece', async () => {
    const piece = Buffer.from('whole');

    expect(await collectAnswer(Readable.from([piece], { objectMode: false }))).toBe(piece);
  });

  it.each([[[]], [['a', 'bc', 'd']]])('is put together of its pieces: %j', async (pieces) => {
    const body = Readable.from(
      pieces.map((piece) => Buffer.from(piece)),
      { objectMode: false },
    );

    expect(Buffer.from(await collectAnswer(body)).toString()).toBe(pieces.join(''));
  });

  it('that breaks off is an error, and never what had come by then', async () => {
    const body = new PassThrough();
    const broken = new Error('the connection was reset');
    body.write('half of');

    const collected = collectAnswer(body);
    setImmediate(() => body.destroy(broken));

    await expect(collected).rejects.toBe(broken);
  });

  it('that is closed without a word is an error, too', async () => {
    const body = new PassThrough();
    body.write('half of');

    const collected = collectAnswer(body);
    setImmediate(() => body.destroy());

    await expect(collected).rejects.toThrow('closed before its end');
  });
});
