import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const CORES = availableParallelism();
/** Schedulers of tests serve the page as it is built. */
const BUILT_CONSOLE = ['./scripts/bootstrap/console.js'];

/**
 * Projects, one per level of reality: `unit` touches no network, `integration` uses a real Redis and the simulators over HTTP,
 * `e2e` starts the real processes, `docker` the containers.
 *
 * The files of a project share as many processes as there are workers, and with them the modules: each is loaded once, by
 * Node itself as in the product. So a module keeps no state between tests, and a test sets what it needs of the environment.
 */
export default defineConfig({
  test: {
    isolate: false,
    // What is waited for comes at once, or late on a busy machine.
    expect: { poll: { timeout: 10_000 } },
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{apps,packages}/*/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/repo/**/*.test.ts',
            'test/kubernetes/**/*.test.ts',
            'test/model/**/*.test.ts',
            'test/live/**/*.test.ts',
          ],
          exclude: ['**/*.int.test.ts', '**/node_modules/**'],
          sequence: { groupOrder: 1 },
          maxWorkers: CORES,
          // Properties and searches take seconds, and a busy machine makes tens of them.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          globalSetup: BUILT_CONSOLE,
          include: ['{apps,packages}/*/src/**/*.int.test.ts', 'scripts/**/*.int.test.ts'],
          sequence: { groupOrder: 2 },
          // A file waits for Redis, for simulators and for real deadlines.
          maxWorkers: CORES + 1,
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          globalSetup: BUILT_CONSOLE,
          include: ['test/e2e/**/*.test.ts', 'test/chaos/**/*.short.test.ts'],
          sequence: { groupOrder: 3 },
          // Most of a file is waiting for processes, polls and deadlines: it keeps half a core busy.
          maxWorkers: CORES + 2,
          // Real processes on a busy machine. A second try is printed as `(retry x1)`: look at it, it may be a race.
          retry: 1,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          // Not among what `npm test` runs: it needs a Docker engine (CONTRIBUTING.md).
          name: 'docker',
          include: ['test/docker/**/*.test.ts'],
          sequence: { groupOrder: 4 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
