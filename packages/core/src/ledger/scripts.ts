import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** Our Lua scripts by name: how many of the arguments are keys (null: the first argument says), and the functions they use. */
const SCRIPTS = {
  'write-records': { keys: 6, uses: [] },
  'schedule-due': { keys: 1, uses: [] },
  'lease-due': { keys: 1, uses: [] },
  'settle-due': { keys: 1, uses: ['settle'] },
  'begin-scan': { keys: 5, uses: [] },
  'end-scan': { keys: null, uses: ['settle', 'put-coverage'] },
  'set-coverage': { keys: null, uses: ['put-coverage'] },
  'settle-labels': { keys: 2, uses: [] },
  reserve: { keys: 1, uses: [] },
  'take-token': { keys: 1, uses: [] },
  'set-aside': { keys: 8, uses: [] },
} as const satisfies Record<string, { keys: number | null; uses: readonly LuaFunction[] }>;
/** A file of `lua/functions`, put before the scripts that use it. */
type LuaFunction = 'settle' | 'put-coverage';
type ScriptName = keyof typeof SCRIPTS;

const COMMANDS = {
  'write-records': 'musterWriteRecords',
  'schedule-due': 'musterScheduleDue',
  'lease-due': 'musterLeaseDue',
  'settle-due': 'musterSettleDue',
  'settle-labels': 'musterSettleLabels',
  reserve: 'musterReserve',
  'take-token': 'musterTakeToken',
  'set-aside': 'musterSetAside',
  'begin-scan': 'musterBeginScan',
  'end-scan': 'musterEndScan',
  'set-coverage': 'musterSetCoverage',
} as const satisfies Record<ScriptName, string>;

/** Runs one script: loaded by its hash, sent in full only when the server does not know it (after a flush of scripts or a failover). */
export type RunScript = (
  name: ScriptName,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

export function defineScripts(redis: Redis): RunScript {
  for (const name of Object.keys(SCRIPTS) as ScriptName[]) {
    const { keys, uses } = SCRIPTS[name];
    const lua = [...uses.map((used) => `functions/${used}`), name].map(readLua).join('\n');
    redis.defineCommand(COMMANDS[name], keys === null ? { lua } : { lua, numberOfKeys: keys });
  }
  const commands = redis as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>;
  return (name, keys, args) => {
    const run = commands[COMMANDS[name]];
    if (run === undefined) throw new Error(`script ${name} is not defined`);
    const counted = SCRIPTS[name].keys === null ? [keys.length, ...keys] : keys;
    return run.call(redis, ...counted, ...args);
  };
}

function readLua(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}
