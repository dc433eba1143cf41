import { StringDecoder } from 'node:string_decoder';
import { terminalText } from '@muster/core/runtime/terminal-text';

/** How a terminal is drawn anew. Written past the guard, which knows no other way for a control sequence. */
export type Motion = 'erase-line' | 'erase-screen' | { readonly eraseLinesAbove: number };

/** What a text is colored by. The meaning is the list's: green is done, yellow waits, red failed, dim is aside. */
export type Color = 'green' | 'yellow' | 'red' | 'cyan' | 'dim' | 'bold';

/** As on ANSI terminals: begin and end. */
const COLORS: Readonly<Record<Color, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

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

/** Whether `paint` colors. */
let isColored = false;

/**
 * Decides once whether lists are colored: by the operator's `--color` or `--no-color`, else on a terminal that does not ask for none.
 * `NO_COLOR` after https://no-color.org (read 2026-11).
 */
export function decideColor(
  asked: boolean | undefined,
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const usual = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  isColored = asked ?? usual;
  return isColored;
}

/** The text in a color, for `writePainted`; as it is where nothing is colored. The text must be fit for a terminal already. */
export function paint(text: string, color: Color | null): string {
  if (!isColored || color === null || text === '') return text;
  const [begin, end] = COLORS[color];
  return `\u001b[${begin}m${text}\u001b[${end}m`;
}

/** Writes a text with colors of `paint` in it. Every other control sequence is escaped, as in all that a terminal is sent. */
export function writePainted(stream: NodeJS.WriteStream, text: string): void {
  const write = unguarded.get(stream) ?? stream.write.bind(stream);
  write(isColored ? text.split(PAINTED).map(escapeBetween).join('') : terminalText(text));
}

const PAINTED = new RegExp(`(\u001b\\[(?:${[...new Set(Object.values(COLORS).flat())].join('|')})m)`, 'u');

/** `split` by a group gives texts and what stood between them by turns. */
function escapeBetween(part: string, index: number): string {
  return index % 2 === 0 ? terminalText(part) : part;
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
