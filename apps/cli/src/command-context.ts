import type { ApiOptions } from './api/api-address.ts';
import { configPath, loadConfig } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import { formatFaults } from '@muster/core/config/source/report';

/** What a command is given beside its own options. */
export interface CommandContext {
  readonly env: Environment;
  /** `--config`, when it was given. */
  readonly configOption: () => string | undefined;
  /** `--url` and what goes with it, when they were given. */
  readonly apiOptions: () => ApiOptions;
  /** Sets the exit code of a command that ended in an orderly way. */
  readonly exit: (code: ExitCode) => void;
}

/** What the command's exit code says (design: docs/cli.md). 64 and 78 are sysexits.h's EX_USAGE and EX_CONFIG. */
export const EXIT = { ok: 0, failed: 1, partial: 2, usage: 64, config: 78 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with a message for people and an exit code; anything else that is thrown is a bug. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the configuration; every fault at once, with exit code 78. `config check` prints notes. */
export function readConfig(env: Environment, option: string | undefined): MusterConfig {
  const result = loadConfig(configPath(option, env), env);
  if (!result.ok) throw new CommandError(EXIT.config, formatFaults(result.faults));
  return result.config;
}
