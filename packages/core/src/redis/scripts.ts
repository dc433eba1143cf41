import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { messageOf } from '../runtime/errors.ts';

/** What every script needs that changes records: counts, and the places and ramps that follow from them. */
const RECORDS = [
  'redis/now',
  'jobs/make-due',
  'enrollment/count-records',
  'rollout/ramp/ramps',
  'rollout/places',
  'install/outputs',
] as const;
const PLACES = ['redis/now', 'enrollment/count-records', 'rollout/ramp/ramps', 'rollout/places'] as const;

/** Our Lua scripts by name: the folder of their subject, and the files with functions that are put before them. */
const SCRIPTS = {
  'claim-ledger': { folder: 'control', functions: [] },
  'move-action': { folder: 'control/actions', functions: ['redis/now', 'jobs/make-due'] },
  'append-audit': { folder: 'control/audit', functions: ['redis/now'] },
  'hold-writer': { folder: 'control/audit', functions: [] },
  'commit-target': { folder: 'enrollment', functions: [...RECORDS, 'rollout/repair-rate'] },
  'set-aside': { folder: 'enrollment', functions: RECORDS },
  'count-anew': { folder: 'enrollment', functions: ['enrollment/count-records'] },
  'drop-target': { folder: 'enrollment', functions: [] },
  'repair-candidates': { folder: 'enrollment', functions: [] },
  'schedule-due': { folder: 'jobs', functions: ['redis/now', 'jobs/make-due'] },
  'lease-due': { folder: 'jobs', functions: ['redis/now'] },
  'begin-due': { folder: 'jobs', functions: ['redis/now'] },
  'renew-due': { folder: 'jobs', functions: ['redis/now'] },
  'finish-due': { folder: 'jobs', functions: ['redis/now', 'jobs/finish'] },
  'count-due': { folder: 'jobs', functions: ['redis/now'] },
  'begin-scans': { folder: 'scan', functions: ['redis/now', 'organization/date-reading'] },
  'end-scans': { folder: 'scan', functions: ['redis/now', 'jobs/finish', 'organization/put-coverages'] },
  'set-coverage': { folder: 'organization', functions: ['organization/put-coverages'] },
  'put-host-management': { folder: 'organization', functions: ['redis/now'] },
  'begin-reading': { folder: 'organization', functions: ['redis/now', 'organization/date-reading'] },
  'finish-sweep': { folder: 'organization', functions: [] },
  'put-bystanders': { folder: 'scan', functions: [] },
  'take-removal': { folder: 'inventory', functions: ['redis/now'] },
  'drop-node': { folder: 'inventory', functions: [] },
  'end-labels': { folder: 'inventory', functions: [] },
  'put-templates': { folder: 'install', functions: [] },
  'note-listing': { folder: 'install', functions: [] },
  distrust: { folder: 'install', functions: ['jobs/make-due'] },
  'take-token': { folder: 'install', functions: [] },
  'repair-room': { folder: 'rollout', functions: ['redis/now', 'rollout/repair-rate'] },
  'hold-selection': { folder: 'rollout/selection', functions: ['redis/now', 'organization/date-reading'] },
  'count-added': { folder: 'rollout/selection', functions: [] },
  'bound-held': { folder: 'rollout/selection', functions: [] },
  'note-waves': { folder: 'rollout/waves', functions: ['redis/now'] },
  room: { folder: 'rollout', functions: PLACES },
  'next-turn': { folder: 'rollout', functions: ['redis/now'] },
  'review-places': { folder: 'rollout', functions: PLACES },
  'move-ramp': { folder: 'rollout/ramp', functions: ['redis/now', 'rollout/ramp/ramps'] },
  'count-hosts': { folder: 'rollout', functions: [] },
  'tell-changes': { folder: 'notify', functions: ['redis/now', 'jobs/make-due'] },
  'keep-history': { folder: 'history', functions: ['redis/now'] },
} as const satisfies Record<string, { readonly folder: string; readonly functions: readonly string[] }>;
type ScriptName = keyof typeof SCRIPTS;

/** Runs one script: loaded by its hash, sent in full only when the server does not know it (after a flush of scripts or a failover). */
export type RunScript = (
  name: ScriptName,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

/** Not by ioredis's `defineCommand`: what it does around every call costs more than a small script itself. */
export function defineScripts(redis: Redis): RunScript {
  const scripts = Object.fromEntries(
    (Object.keys(SCRIPTS) as ScriptName[]).map((name) => [name, readScript(name)]),
  ) as Record<ScriptName, { readonly lua: string; readonly sha: string }>;
  return (name, keys, args) => {
    const { lua, sha } = scripts[name];
    return redis.evalsha(sha, keys.length, ...keys, ...args).catch((error: unknown) => {
      // It did not run: it runs now, and is known from then on.
      if (messageOf(error).startsWith('NOSCRIPT')) return redis.eval(lua, keys.length, ...keys, ...args);
      throw error;
    });
  };
}

function readScript(name: ScriptName): { readonly lua: string; readonly sha: string } {
  const { folder, functions } = SCRIPTS[name];
  const lua = [...functions, `${folder}/${name}`].map(readLua).join('\n');
  return { lua, sha: hash('sha1', lua) };
}

function readLua(path: string): string {
  return readFileSync(new URL(`../${path}.lua`, import.meta.url), 'utf8');
}
