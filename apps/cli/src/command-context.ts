import type { Environment } from './read-config.ts';

/** What a command is given beside its own options. */
export interface CommandContext {
  readonly env: Environment;
  /** `--config`, when it was given. */
  readonly configOption: () => string | undefined;
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
