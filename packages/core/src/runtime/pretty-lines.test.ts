import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { createPrettyLines } from './pretty-lines.ts';

/** Built from codes: written down, they would command the terminal of a reader of this file. */
const [ESCAPE, C1, BIDI] = [
  String.fromCharCode(0x1b),
  String.fromCharCode(0x9b),
  String.fromCharCode(0x202e),
];

function written(colors: boolean, write: (log: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  const destination = {
    write: (line: string) => {
      text += line;
    },
  };
  write(createLogger({ name: 'worker', level: 'debug', destination, format: createPrettyLines(colors) }));
  return text;
}

test('a line for a person has time, level, process, message and fields, on one line', () => {
  const text = written(false, (log) => log.info({ job: 'scan-target', durationMs: 12 }, 'job done'));

  expect(text).toMatch(
    /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO \(worker\): job done \{"job":"scan-target","durationMs":12\}\n$/,
  );
});

test('an error has its stack below its line', () => {
  const text = written(false, (log) => log.error({ err: new Error('no answer') }, 'job failed'));

  expect(text).toContain('ERROR (worker): job failed');
  expect(text).toMatch(/\n.*pretty-lines\.test\.ts/);
});

test('secrets are taken out as in JSON', () => {
  const text = written(false, (log) => log.info({ password: 'hunter2' }, 'connected'));

  expect(text).toContain('[redacted]');
  expect(text).not.toContain('hunter2');
});

test.each([true, false])('text from outside cannot command the terminal (colors: %s)', (colors) => {
  const hostile = `${ESCAPE}]0;title${C1}2J${BIDI}evil\nINFO (worker): all is well`;

  const text = written(colors, (log) => log.info({ [`name${C1}`]: hostile, list: [hostile] }, 'host seen'));

  const plain = colors ? text.replaceAll(new RegExp(String.raw`${ESCAPE}\[\d+m`, 'g'), '') : text;
  expect(plain.split('\n')).toHaveLength(2);
  for (const unsafe of [ESCAPE, C1, BIDI]) expect(plain).not.toContain(unsafe);
  expect(plain).toContain(String.raw`"name\u009b":"\u001b]0;title\u009b2J\u202eevil\nINFO`);
  expect(text.includes(ESCAPE)).toBe(colors);
});
