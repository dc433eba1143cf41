import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { messageOf } from '../domain/errors.ts';

/** Our Lua scripts by name, and the functions that they use. */
const SCRIPTS = {
  'claim-ledger': [],
  'write-records': [],
  'schedule-due': [],
  'lease-due': [],
  'settle-due': ['settle'],
  'begin-scans': ['wanted-since'],
  'end-scans': ['settle', 'put-coverages', 'wanted-since'],
  'set-coverage': ['put-coverages'],
  'settle-labels': [],
  'want-readings': ['wanted-since'],
  reserve: [],
  'count-hosts': [],
  'take-token': [],
  'set-aside': [],
  'mend-candidates': [],
  'settle-listing': [],
} as const satisfies Record<string, readonly LuaFunction[]>;
/** A file of `lua/functions`, put before the scripts that use it. */
type LuaFunction = 'settle' | 'put-coverages' | 'wanted-since';
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
  const lua = [...SCRIPTS[name].map((used: LuaFunction) => `functions/${used}`), name]
    .map(readLua)
    .join('\n');
  return { lua, sha: hash('sha1', lua) };
}

function readLua(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}
