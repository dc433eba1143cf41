import type { Environment } from './read-config.ts';
import type { ExitCode } from './exit-codes.ts';

/** What a command is given beside its own options. */
export interface CommandContext {
  readonly env: Environment;
  /** `--config`, when it was given. */
  readonly configOption: () => string | undefined;
  /** Sets the exit code of a command that ended in an orderly way. */
  readonly exit: (code: ExitCode) => void;
}
