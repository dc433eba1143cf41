// What stands behind the root npm scripts and ./muster: brings everything the verb needs, then runs it with the pinned
// Node. Needs only Node and npm on the machine; plain JavaScript, no packages. Progress goes to stderr: stdout belongs
// to the verb. See docs/decisions/0002-bootstrap.md.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildConsole } from './bootstrap/console.js';
import { installPackages } from './bootstrap/packages.js';
import { fail, root } from './bootstrap/progress.js';
import { ensureRedis } from './bootstrap/redis.js';
import { runWithPinnedNode } from './bootstrap/run.js';

/**
 * What each verb runs, and which Redis it needs: `started`, one is started for it unless REDIS_URL names one;
 * `installed`, it starts its own; `none`.
 */
const VERBS = {
  demo: { entry: 'apps/demo/src/main.ts', redis: 'started' },
  test: { entry: 'scripts/check.ts', redis: 'started' },
  check: { entry: 'scripts/check.ts', redis: 'started' },
  bench: { entry: 'bench/main.ts', redis: 'started' },
  chaos: { entry: 'test/chaos/main.ts', redis: 'installed' },
  live: { entry: 'test/live/main.ts', redis: 'none' },
  sbom: { entry: 'scripts/sbom.ts', redis: 'none' },
  audit: { entry: 'scripts/audit.ts', redis: 'none' },
  sim: { entry: 'apps/demo/src/sim.ts', redis: 'none' },
  muster: { entry: 'apps/cli/bin/muster.js', redis: 'none' },
};

/** What starts a scheduler of this checkout, whose page must be built, or tells what is in it. Tests build it by themselves: see vitest.config.ts. */
const SERVES_CONSOLE = new Set(['demo', 'bench', 'sbom', 'muster scheduler', 'muster run']);

const OLDEST_NODE = 18;

async function main([verb = '', ...args]) {
  const nodeMajor = Number(process.versions.node.split('.')[0]);
  if (nodeMajor < OLDEST_NODE) fail(`Node ${process.versions.node} is too old: install Node 20 or newer`);
  if (!Object.hasOwn(VERBS, verb)) {
    fail(`usage: node scripts/bootstrap.js ${Object.keys(VERBS).join('|')} [arguments]`, 64);
  }
  const { entry, redis } = VERBS[verb];
  await installPackages();
  if (!existsSync(join(root, entry))) fail(`${verb} is not part of this checkout: ${entry} is missing`);
  if (redis !== 'none') await ensureRedis();
  if (SERVES_CONSOLE.has(verb === 'muster' ? `muster ${args[0]}` : verb)) await buildConsole();
  const preload = redis === 'started' ? ['--import', join(root, 'scripts/throwaway-redis.ts')] : [];
  await runWithPinnedNode([...preload, join(root, entry), ...args]);
}

await main(process.argv.slice(2));
