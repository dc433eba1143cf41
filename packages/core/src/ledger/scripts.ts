import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** Our Lua scripts by name, with how many of the arguments are keys (null: the first argument says). */
const SCRIPTS = {
  'write-records': 5,
  'schedule-due': 1,
  'lease-due': 1,
  'settle-due': 1,
  'settle-labels': 2,
  reserve: 1,
  'take-token': 1,
  'set-aside': 7,
  'read-scope': 3,
  'set-coverage': null,
} as const;
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
  'read-scope': 'musterReadScope',
  'set-coverage': 'musterSetCoverage',
} as const satisfies Record<ScriptName, string>;

/** Runs one script: loaded by its hash, sent in full only when the server does not know it (after a flush of scripts or a failover). */
export type RunScript = (
  name: ScriptName,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

export function defineScripts(redis: Redis): RunScript {
  for (const [name, keys] of Object.entries(SCRIPTS) as [ScriptName, number | null][]) {
    const lua = readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
    redis.defineCommand(COMMANDS[name], keys === null ? { lua } : { lua, numberOfKeys: keys });
  }
  const commands = redis as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>;
  return (name, keys, args) => {
    const run = commands[COMMANDS[name]];
    if (run === undefined) throw new Error(`script ${name} is not defined`);
    const counted = SCRIPTS[name] === null ? [keys.length, ...keys] : keys;
    return run.call(redis, ...counted, ...args);
  };
}
