import { readdirSync } from 'node:fs';
import type { MusterSystem } from '@muster/testing/muster-system';
import type { SupervisedProcess } from '@muster/testing/supervised-process';
import { readUsage } from '../process-usage.ts';
import type { OpenPage } from './open-page.ts';

/** What there was at one moment: figures by name, their units in the names. */
export interface Reading {
  readonly atMs: number;
  readonly figures: Readonly<Record<string, number>>;
}

const BYTES_PER_MB = 1_048_576;
const SCAN_COUNT = '1000';
/** `{PREFIX}:` in front of every key. */
const TAG = /^\{[^}]*\}:/;

/** Reads the processes, Redis and the page once. */
export async function readOnce(system: MusterSystem, page: OpenPage | null): Promise<Reading> {
  const atMs = Date.now();
  const figures: Record<string, number> = {};
  for (const child of system.processes) Object.assign(figures, await figuresOfProcess(child));
  Object.assign(figures, await figuresOfRedis(system));
  if (page !== null) Object.assign(figures, await page.figures());
  return { atMs, figures };
}

async function figuresOfProcess(child: SupervisedProcess): Promise<Record<string, number>> {
  if (!child.isRunning()) throw new Error(`${child.name} ended: ${child.log().slice(-2_000)}`);
  const { rssMb, cpuMs } = readUsage(child.pid);
  const metrics = await (await fetch(`${addressOf(child)}/metrics`)).text();
  const bytes = (name: string): number =>
    Number(new RegExp(String.raw`^${name}(?:\{[^}]*\})? (\S+)$`, 'm').exec(metrics)?.[1] ?? Number.NaN);
  return {
    [`${child.name}:rssMb`]: rssMb,
    [`${child.name}:heapMb`]: bytes('nodejs_heap_size_used_bytes') / BYTES_PER_MB,
    [`${child.name}:externalMb`]: bytes('nodejs_external_memory_bytes') / BYTES_PER_MB,
    [`${child.name}:descriptors`]: readdirSync(`/proc/${child.pid}/fd`).length,
    [`${child.name}:cpuMs`]: cpuMs,
  };
}

const addresses = new WeakMap<SupervisedProcess, string>();

/** The address that a process has told in its log. */
export function addressOf(child: SupervisedProcess): string {
  const known = addresses.get(child);
  if (known !== undefined) return known;
  const address = /"url":"([^"]+)"[^\n]*"(?:worker|scheduler) started"/.exec(child.log())?.[1];
  if (address === undefined) throw new Error(`${child.name} has not told its address`);
  addresses.set(child, address);
  return address;
}

async function figuresOfRedis(system: MusterSystem): Promise<Record<string, number>> {
  const info = String(await system.redisCall('INFO'));
  const field = (name: string): number =>
    Number(new RegExp(String.raw`^${name}:(\d+)`, 'm').exec(info)?.[1] ?? Number.NaN);
  const figures: Record<string, number> = {
    'redis:usedMb': field('used_memory') / BYTES_PER_MB,
    'redis:clients': field('connected_clients'),
    'redis:keys': Number(await system.redisCall('DBSIZE')),
    'redis:descriptors': readdirSync(`/proc/${system.redis().pid}/fd`).length,
  };
  for (const key of await allKeys(system)) {
    const family = familyOf(key);
    const bytes = Number((await system.redisCall('MEMORY', 'USAGE', key, 'SAMPLES', '0')) ?? 0);
    figures[`keys:${family}`] = (figures[`keys:${family}`] ?? 0) + 1;
    figures[`kb:${family}`] = (figures[`kb:${family}`] ?? 0) + bytes / 1024;
  }
  return figures;
}

async function allKeys(system: MusterSystem): Promise<readonly string[]> {
  const keys: string[] = [];
  let cursor = '0';
  do {
    const [next, page] = (await system.redisCall('SCAN', cursor, 'COUNT', SCAN_COUNT)) as [string, string[]];
    cursor = next;
    keys.push(...page);
  } while (cursor !== '0');
  return keys;
}

/** What a key is one of many of: ids, accounts and dates in it are left out. */
function familyOf(key: string): string {
  const parts = key.replace(TAG, '').split(':');
  return parts
    .map((part) => {
      if (/^\d{12}(\.[a-z0-9-]+)?$/.test(part)) return part.includes('.') ? 'TARGET' : 'ACCOUNT';
      return /\d{3}|[0-9a-f]{8}|[0-9A-Z]{10}|^\d+$|\./.test(part) ? 'ID' : part;
    })
    .join(':');
}
