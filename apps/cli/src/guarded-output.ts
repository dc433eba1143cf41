import { StringDecoder } from 'node:string_decoder';
import { terminalText } from '@muster/core/runtime/terminal-text';

/** How a terminal is drawn anew. Written past the guard, which knows no other way for a control sequence. */
export type Motion = 'erase-line' | 'erase-screen' | { readonly eraseLinesAbove: number };

type Write = NodeJS.WriteStream['write'];

/** How a guarded stream was written to before. */
const unguarded = new WeakMap<NodeJS.WriteStream, Write>();

/**
 * The one place that all output of a process passes, whatever writes it: a verb, the parser of the command line, a
 * library. Names, tags, outputs and error messages are others' text, so what a terminal must not be sent is escaped
 * here (`terminalText`). Call once, before anything else is loaded. Log lines go by file descriptor and are escaped by
 * the logger.
 */
export function guardOutput(streams: {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}): void {
  for (const stream of [streams.stdout, streams.stderr]) guard(stream);
}

/** Moves on a terminal; the sequence is ours, and nothing foreign can come along. */
export function moveOnTerminal(stream: NodeJS.WriteStream, motion: Motion): void {
  const write = unguarded.get(stream) ?? stream.write.bind(stream);
  write(sequenceOf(motion));
}

/**
 * An error that nothing caught ends the process with 1, and is printed through the guard: the runtime's own report goes past
 * every stream, and shows all fields of the error, such as the arguments of a command to Redis. The long-running
 * processes have guards of their own, which log it.
 */
export function tellUncaught(from: NodeJS.Process): void {
  from.on('uncaughtException', (error: unknown) => {
    if (from.listenerCount('uncaughtException') > 1) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    from.stderr.write(`muster: ${text}\n`);
    from.exit(1);
  });
}

function sequenceOf(motion: Motion): string {
  if (motion === 'erase-line') return '\r\u001b[K';
  if (motion === 'erase-screen') return '\u001b[2J\u001b[H';
  return `\u001b[${motion.eraseLinesAbove}A\u001b[J`;
}

function guard(stream: NodeJS.WriteStream): void {
  if (unguarded.has(stream)) return;
  const write: Write = stream.write.bind(stream);
  const decoder = new StringDecoder('utf8');
  unguarded.set(stream, write);
  const guarded = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ): boolean => {
    const written = typeof encoding === 'function' ? encoding : done;
    const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
    return write(terminalText(text), 'utf8', written);
  };
  stream.write = guarded;
}
