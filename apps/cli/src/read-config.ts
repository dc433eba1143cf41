import { formatFaults } from '@muster/core/config/format-faults';
import { loadConfig } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import { CommandError, EXIT } from './exit-codes.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The file that configures this command: `--config`, else MUSTER_CONFIG, else `./muster.yaml`. */
export function configPath(env: Environment, option: string | undefined): string {
  return option ?? env['MUSTER_CONFIG'] ?? './muster.yaml';
}

/** Reads the configuration; every fault at once, with exit code 78. Notes go to stderr. */
export function readConfig(env: Environment, option: string | undefined): MusterConfig {
  const result = loadConfig(configPath(env, option), env);
  if (!result.ok) throw new CommandError(EXIT.config, formatFaults(result.faults));
  return result.config;
}
