import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { gatherLines } from './gather-lines.ts';

test('the lines of one turn leave in one piece, in order, before the next turn', async () => {
  const written: string[] = [];
  const gathered = gatherLines({ write: (text) => void written.push(text) });

  gathered.write('one\n');
  gathered.write('two\n');
  expect(written).toEqual([]);
  await new Promise(setImmediate);
  expect(written).toEqual(['one\ntwo\n']);

  gathered.write('three\n');
  await new Promise(setImmediate);
  expect(written).toEqual(['one\ntwo\n', 'three\n']);
});

test.each(['process.exit(3)', 'throw new Error("unforeseen")'])(
  'a process that ends by %s writes what it has said',
  (end) => {
    const logger = fileURLToPath(new URL('./logger.ts', import.meta.url));
    const program = `
      import { createLogger } from ${JSON.stringify(logger)};
      const log = createLogger({ name: 'ending', level: 'info' });
      log.info({ n: 1 }, 'first');
      log.child({ n: 2 }).info({}, 'last words');
      ${end};
    `;

    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });

    expect(
      stdout
        .split('\n')
        .slice(0, 2)
        .map((line) => (JSON.parse(line) as { msg: string }).msg),
    ).toEqual(['first', 'last words']);
  },
);
