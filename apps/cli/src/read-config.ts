import { formatFaults } from '@muster/core/config/report';
import { configPath, loadConfig } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import { CommandError, EXIT } from './command-context.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the configuration; every fault at once, with exit code 78. `config check` prints notes. */
export function readConfig(env: Environment, option: string | undefined): MusterConfig {
  const result = loadConfig(configPath(option, env), env);
  if (!result.ok) throw new CommandError(EXIT.config, formatFaults(result.faults));
  return result.config;
}
