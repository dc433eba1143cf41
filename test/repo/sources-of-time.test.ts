/** The handlers can be run under a clock and a seed of a test: time, randomness and ids come from a few places. */
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCE = /\bDate\.now\b|\bperformance\.now\b|\bMath\.random\b|\brandom(UUID|Bytes|Int)\b|\bulid\(/;

/** Files that hold a source, and what for. */
const HOLDERS: Readonly<Record<string, string>> = {
  'packages/core/src/runtime/clock.ts': 'the clock and the randomness of a process',
  'apps/worker/src/start-worker.ts': 'ids of sweeps and batches, given to the handlers',
  'packages/core/src/config/parse-config.ts': 'when a file is read, where its reader does not say',
  'apps/scheduler/src/api/actions.ts': 'ids of plans, which actions keep',
  'apps/scheduler/src/api/change-feed.ts': 'the word of a feed, which ids of events begin with',
  'apps/scheduler/src/notify/watch-findings.ts': 'ids of messages, which a receiver tells repeats by',
  'packages/core/src/notify/notify-store.ts': 'the version of what was told',
  'packages/core/src/runtime/password-hash.ts': 'the salt of a password',
  'packages/core/src/runtime/secret-token.ts': 'secrets of sessions, links and API tokens',
  'packages/core/src/control/epoch-store.ts': 'the word of a new epoch',
  'packages/core/src/enrollment/enrollment-store.ts': 'the first version of a record',
  'packages/core/src/jobs/queue/enqueue.ts': 'ids of jobs in the queue',
  'packages/core/src/redis/redis-findings.ts': 'since when Redis is unfit: it may not tell the time then',
};

test('no other file of core, worker or scheduler asks for the time, for randomness or for an id', async () => {
  const files = globSync(['packages/core/src/**/*.ts', 'apps/{worker,scheduler}/src/**/*.ts'], { cwd: ROOT });
  const product = files.filter((file) => !/\.(test|fixture)\.ts$|-fixture\.ts$/.test(file));
  const found: string[] = [];
  for (const file of product) {
    const code = (await readFile(join(ROOT, file), 'utf8')).replaceAll(/^\s*(\/\/|\*|\/\*\*).*$/gm, '');
    if (SOURCE.test(code)) found.push(file);
  }

  expect(product.length).toBeGreaterThan(200);
  expect(found.toSorted()).toEqual(Object.keys(HOLDERS).toSorted());
});
