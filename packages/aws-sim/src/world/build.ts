import { addAccount } from './add-account.ts';
import type { WorldFile } from './file.ts';
import type { ScenarioName } from './scenarios.ts';
import { createWorld, DEFAULT_SETTINGS, type Latency, type World, type WorldSettings } from './world.ts';

/** A world in a few numbers. */
export interface WorldFlags {
  /** @default 20 */
  readonly accounts?: number | undefined;
  /** @default 4 */
  readonly regions?: number | undefined;
  /** All instances of the world together. @default 400 */
  readonly instances?: number | undefined;
  /** @default 1 */
  readonly seed?: number | undefined;
  /** @default realistic */
  readonly scenario?: ScenarioName | undefined;
  /** Tags of instances that are to be enrolled. @default env: prod */
  readonly matchTags?: Readonly<Record<string, string>> | undefined;
  /** Simulated delays that differ from the usual ones. */
  readonly latency?: Partial<Latency> | undefined;
  /** Further settings, for tests. */
  readonly settings?: Partial<WorldSettings> | undefined;
}

/** Builds the world of a file, or else of flags. With a file only its own `generate` makes up accounts. */
export function buildWorld(file: WorldFile | undefined, flags: WorldFlags, nowMs: number): World {
  const generate = file === undefined ? flags : (file.generate ?? { accounts: 0, regions: 1, instances: 0 });
  const written = file?.accounts ?? [];
  const settings = settingsOf(file, flags);
  const world = createWorld(
    {
      seed: file?.seed ?? flags.seed ?? 1,
      accounts: generate.accounts ?? 20,
      regions: file !== undefined && file.generate === undefined ? 0 : (generate.regions ?? 4),
      instances: generate.instances ?? 400,
      scenario: generate.scenario ?? (file === undefined ? 'realistic' : 'clean'),
      matchTags: file?.matchTags ?? flags.matchTags ?? { env: 'prod' },
    },
    settings,
    nowMs,
  );
  for (const account of written) addAccount(world, account, nowMs, false);
  const first = world.accounts[0];
  if (first === undefined) throw new Error('a world needs an account');
  if (world.access.principalAccountId !== '') return world;
  return { ...world, access: { ...world.access, principalAccountId: first.id } };
}

function settingsOf(file: WorldFile | undefined, flags: WorldFlags): WorldSettings {
  const base = { ...DEFAULT_SETTINGS, ...flags.settings };
  const latency = { ...base.latency, ...flags.latency };
  if (file === undefined) return { ...base, latency, limits: { ...base.limits } };
  return {
    name: file.name,
    access: { ...base.access, ...withoutUndefined(file.access ?? {}) },
    latency: { ...latency, ...withoutUndefined(file.latency ?? {}) },
    limits: { ...base.limits, ...file.limits },
    faults: [...base.faults, ...(file.faults ?? [])],
    showStatus: file.showStatus ?? base.showStatus,
    documents: new Map([...base.documents, ...Object.entries(file.documents ?? {})]),
    joinToken: file.joinToken ?? base.joinToken,
    organizationId: file.organizationId ?? base.organizationId,
    partition: file.partition ?? base.partition,
    extraRegions: [...base.extraRegions, ...(file.regions ?? [])],
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The members that are there, for a spread that must not erase defaults. */
function withoutUndefined<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Present<T>;
}
