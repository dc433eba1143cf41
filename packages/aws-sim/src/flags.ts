import { parseArgs } from 'node:util';
import type { AwsSimOptions } from './start.ts';
import { readWorldFile, WorldFileError } from './world/file.ts';
import { MAX_REGIONS } from './world/regions.ts';
import { SCENARIO_NAMES, type ScenarioName } from './world/scenarios.ts';

/** Flags that describe a world, for `parseArgs` of a program that starts a simulator. */
export const awsSimFlags = {
  accounts: { type: 'string' },
  regions: { type: 'string' },
  instances: { type: 'string' },
  seed: { type: 'string' },
  scenario: { type: 'string' },
  speed: { type: 'string' },
  world: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  'proxy-url': { type: 'string' },
} as const;

/** Parsed values of `awsSimFlags`. */
export type AwsSimFlagValues = { readonly [K in keyof typeof awsSimFlags]?: string | undefined };

/** Options, or every fault of the flags and of the world file they name. */
export type AwsSimFlagResult =
  | { readonly ok: true; readonly options: AwsSimOptions }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Turns flag values into options; reads the world file. */
export function readAwsSimFlags(values: AwsSimFlagValues): AwsSimFlagResult {
  const faults: string[] = [];
  const number = (
    name: keyof AwsSimFlagValues,
    min: number,
    max: number,
    whole = true,
  ): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text !== '' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
    faults.push(
      `--${name} must be ${whole ? 'a whole number' : 'a number'} from ${min} to ${max}, not "${text}"`,
    );
    return undefined;
  };
  const options: AwsSimOptions = {
    accounts: number('accounts', 1, 50_000),
    regions: number('regions', 1, MAX_REGIONS),
    instances: number('instances', 0, 5_000_000),
    seed: number('seed', 0, 2 ** 32 - 1),
    scenario: readScenario(values.scenario, faults),
    speed: number('speed', 0.01, 100_000, false),
    port: number('port', 0, 65_535),
    host: values.host,
    proxyUrl: values['proxy-url'],
    world: readWorld(values.world, faults),
  };
  return faults.length > 0 ? { ok: false, faults } : { ok: true, options };
}

/** Parses a command line that holds nothing but these flags. */
export function parseAwsSimArgs(args: readonly string[]): AwsSimFlagResult {
  try {
    return readAwsSimFlags(
      parseArgs({ args: [...args], options: awsSimFlags, allowPositionals: false }).values,
    );
  } catch (error) {
    return { ok: false, faults: [error instanceof Error ? error.message : String(error)] };
  }
}

function readScenario(text: string | undefined, faults: string[]): ScenarioName | undefined {
  if (text === undefined) return undefined;
  const name = SCENARIO_NAMES.find((scenario) => scenario === text);
  if (name === undefined) {
    faults.push(`--scenario must be one of ${SCENARIO_NAMES.join(', ')}, not "${text}"`);
  }
  return name;
}

function readWorld(path: string | undefined, faults: string[]): AwsSimOptions['world'] {
  if (path === undefined) return undefined;
  try {
    return readWorldFile(path);
  } catch (error) {
    if (error instanceof WorldFileError) faults.push(...error.faults.map((fault) => `${path}: ${fault}`));
    else faults.push(`--world: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
