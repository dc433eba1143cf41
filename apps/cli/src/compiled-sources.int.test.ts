import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@muster/testing/eventually';
import { baseEnvironment, superviseProcess } from '@muster/testing/supervised-process';
import { OFFLINE_FACTS, systemConfig, TEST_MARKER_KEY } from '@muster/testing/system-config';
import { startTestRedis, type TestRedis } from '@muster/testing/test-redis';
import { afterAll, beforeAll, expect, test } from 'vitest';

let redis: TestRedis;
let folder = '';
beforeAll(async () => {
  redis = await startTestRedis();
  folder = mkdtempSync(join(tmpdir(), 'muster-compiled-'));
});
afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true });
});

/** What each of them loads is far more. */
const MANY = 400;

test.each(['scheduler', 'worker', 'run'])(
  'a %s that is killed has left its compiled sources to the next start',
  async (kind) => {
    const configFile = join(folder, `${kind}.yaml`);
    writeFileSync(
      configFile,
      JSON.stringify(systemConfig(OFFLINE_FACTS, { muster: { redis: { prefix: kind } } })),
    );
    const cache = join(folder, `${kind}-cache`);
    const child = superviseProcess({
      name: kind,
      args: [kind],
      env: {
        ...baseEnvironment(),
        REDIS_URL: redis.url,
        MUSTER_CONFIG: configFile,
        MUSTER_MARKER_KEY: TEST_MARKER_KEY,
        NODE_COMPILE_CACHE: cache,
        AWS_EC2_METADATA_DISABLED: 'true',
      },
      logFile: join(folder, `${kind}.log`),
    });
    try {
      const last = kind === 'run' ? 'worker' : kind;
      await eventually('it has started', () => child.log().includes(`"${last} started"`), 60_000);
      // Written by the process right after that line.
      const written = (): number => readdirSync(cache, { recursive: true }).length;
      await eventually('they are written', () => written() > MANY);
    } finally {
      child.signal('SIGKILL');
    }

    expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' });
  },
);
