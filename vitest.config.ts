import { defineConfig } from 'vitest/config';

/**
 * Three projects, one per level of reality: `unit` touches no network, `integration` uses a real Redis and the
 * simulators over HTTP, `e2e` starts the real processes.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{apps,packages}/*/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/repo/**/*.test.ts',
            'test/model/**/*.test.ts',
          ],
          exclude: ['**/*.int.test.ts', '**/node_modules/**'],
          // Properties and searches take seconds, and a busy machine makes tens of them.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{apps,packages}/*/src/**/*.int.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/chaos/**/*.short.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // Most of a file is waiting: two side by side keep two cores busy.
          maxWorkers: 2,
        },
      },
    ],
  },
});
