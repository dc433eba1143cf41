/** Reads what `node --cpu-prof` writes, and says in which room the time went. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const CpuProfile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
      children: z.array(z.number()).optional(),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** Where time went, in ms; idle time is left out. */
export interface TimeByPlace {
  readonly totalMs: number;
  /** By room, with only what ran in the room itself. */
  readonly selfByRoom: ReadonlyMap<string, number>;
  /** By room, with everything the room called. */
  readonly inclusiveByRoom: ReadonlyMap<string, number>;
  /** By function: `name (room)`. */
  readonly selfByFunction: ReadonlyMap<string, number>;
  readonly inclusiveByFunction: ReadonlyMap<string, number>;
}

/** Sums a profile up, without the share of samples before `skipMs` (the start of the process). */
export function summarizeProfile(file: string, skipMs: number): TimeByPlace {
  const profile = CpuProfile.parse(JSON.parse(readFileSync(file, 'utf8')));
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node.id);
  const selfOf = new Map<number, number>();
  let atMs = 0;
  for (const [i, id] of profile.samples.entries()) {
    const ms = (profile.timeDeltas[i] ?? 0) / 1_000;
    atMs += ms;
    if (atMs > skipMs) selfOf.set(id, (selfOf.get(id) ?? 0) + ms);
  }
  const sums = {
    totalMs: 0,
    selfByRoom: new Map<string, number>(),
    inclusiveByRoom: new Map<string, number>(),
    selfByFunction: new Map<string, number>(),
    inclusiveByFunction: new Map<string, number>(),
  };
  for (const [id, ms] of selfOf) {
    const own = nodes.get(id)?.callFrame;
    if (own === undefined || own.functionName === '(idle)') continue;
    sums.totalMs += ms;
    add(sums.selfByRoom, roomOf(own), ms);
    add(sums.selfByFunction, nameOf(own), ms);
    const rooms = new Set<string>();
    const functions = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = nodes.get(at)?.callFrame;
      if (frame === undefined || frame.functionName === '(root)') continue;
      rooms.add(roomOf(frame));
      functions.add(nameOf(frame));
    }
    for (const room of rooms) add(sums.inclusiveByRoom, room, ms);
    for (const name of functions) add(sums.inclusiveByFunction, name, ms);
  }
  return sums;
}

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** The package, or our own room, that a function stands in. */
function roomOf({ functionName, url }: Frame): string {
  if (functionName === '(garbage collector)') return 'garbage collector';
  if (url === '') return 'engine';
  if (url.startsWith('node:')) return `node: ${url.slice(5).split('/').slice(0, 2).join('/')}`;
  const ours = /\/((?:packages|apps)\/[\w-]+)\/src\/(?:([\w-]+)\/)?/.exec(url);
  if (ours !== null && !url.includes('node_modules')) return [ours[1], ours[2]].filter(Boolean).join('/');
  const library = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url);
  return library?.[1] ?? 'elsewhere';
}

function nameOf(frame: Frame): string {
  return `${frame.functionName === '' ? '(anonymous)' : frame.functionName} (${roomOf(frame)}:${frame.lineNumber + 1})`;
}

function add(sums: Map<string, number>, key: string, ms: number): void {
  sums.set(key, (sums.get(key) ?? 0) + ms);
}
