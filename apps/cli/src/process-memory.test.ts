import { MUSTER_ENTRY, runProgram } from '@muster/testing/supervised-process';
import { describe, expect, test } from 'vitest';
import { missingBounds } from './process-memory.ts';

const MB = 1_048_576;
/** Tells, in every Node that begins, how far its heap may grow and how it was started. */
const TELLS =
  "import v8 from 'node:v8'; const told = { pid: process.pid, limit: v8.getHeapStatistics().heap_size_limit, arenas: process.env.MALLOC_ARENA_MAX, args: process.execArgv, title: process.argv.slice(2) }; process.stderr.write(JSON.stringify(told) + '\\n');";

interface Told {
  readonly pid: number;
  readonly limit: number;
  readonly arenas?: string;
  readonly args: readonly string[];
  readonly title: readonly string[];
}

/** Starts `muster` without a configuration, so that it ends at once, and hears of each Node that begins. */
async function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const tells = `--import=data:text/javascript,${encodeURIComponent(TELLS)}`;
  const result = await runProgram([MUSTER_ENTRY, ...args], {
    env: {
      PATH: process.env['PATH'],
      MUSTER_CONFIG: '/nowhere/muster.yaml',
      ...env,
      NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} ${tells}`,
    },
  });
  const told = result.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Told);
  return { ...result, told };
}

describe('a process that stays', () => {
  test.each(['worker', 'scheduler', 'run'])(
    'begins as a %s with a bounded heap, under the same id',
    async (verb) => {
      const { code, told, stderr } = await start(['--config', '/nowhere/muster.yaml', verb]);

      expect(code).toBe(78);
      expect(stderr).toContain('/nowhere/muster.yaml');
      expect(told).toHaveLength(2);
      expect(told[1]?.pid).toBe(told[0]?.pid);
      expect(told[1]?.limit).toBeLessThan(500 * MB);
      expect(told[1]?.arenas).toBe('2');
      expect(told[1]?.title).toEqual(['--config', '/nowhere/muster.yaml', verb]);
    },
  );

  test('keeps what the operator names, and begins once where nothing is missing', async () => {
    const own = { NODE_OPTIONS: '--max-old-space-size=1000 --max_semi_space_size=32', MALLOC_ARENA_MAX: '4' };

    const { told } = await start(['worker'], own);

    expect(told).toHaveLength(1);
    expect(told[0]?.limit).toBeGreaterThan(1_000 * MB);
    expect(told[0]?.arenas).toBe('4');
  });

  test('a command that ends begins once', async () => {
    const { told } = await start(['config', 'check']);

    expect(told).toHaveLength(1);
    expect(told[0]?.args).toEqual([]);
  });
});

test('what is named on the command line of Node is not named again', () => {
  const missing = missingBounds(['worker'], ['--max-old-space-size=64'], { MALLOC_ARENA_MAX: '1' });

  expect(missing?.options).toEqual([expect.stringMatching(/^--max-semi-space-size=\d+$/)]);
  expect(missing?.env).toEqual({});
});
