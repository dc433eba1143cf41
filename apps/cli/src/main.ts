import { messageOf } from '@muster/core/runtime/errors';
import { Command, CommanderError } from 'commander';
import { addConfigCommand } from './commands/config.ts';
import { addCoverageCommands } from './commands/coverage.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addInitCommand } from './commands/init.ts';
import { addInstancesCommand } from './commands/instances.ts';
import { addPauseCommands, addRetryCommands } from './commands/act.ts';
import { addPlanCommand } from './commands/plan.ts';
import { addProcessCommands } from './commands/processes.ts';

import { addRunCommand } from './commands/run.ts';
import { addStatusCommands } from './commands/status.ts';
import { addSweepCommand } from './commands/sweep.ts';
import { addTokenCommand } from './commands/token.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import type { CommandContext } from './command-context.ts';

/** Runs one command line; resolves with the exit code of docs/cli.md. */
export async function main(argv: readonly string[], env: CommandContext['env']): Promise<number> {
  const program = new Command('muster')
    .description('Enrolls every matching EC2 instance of an AWS Organization into Teleport, and keeps it so.')
    .option('--config <file>', 'configuration (default: MUSTER_CONFIG, else ./muster.yaml)')
    .showHelpAfterError('(muster --help lists the commands)')
    .exitOverride();
  let exitCode: number = EXIT.ok;
  const context: CommandContext = {
    env,
    configOption: () => program.opts<{ config?: string }>().config,
    exit: (code) => {
      exitCode = code;
    },
  };
  addProcessCommands(program, context);
  addRunCommand(program, context);
  addPlanCommand(program, context);
  addDoctorCommand(program, context);
  addSweepCommand(program, context);
  addStatusCommands(program, context);
  addInstancesCommand(program, context);
  addCoverageCommands(program, context);
  addExplainCommand(program, context);
  addPauseCommands(program, context);
  addRetryCommands(program, context);
  addConfigCommand(program, context);
  addInitCommand(program, context);
  addTokenCommand(program, context);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  // commander has printed its own message; only its kind matters here.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CommandError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  process.stderr.write(`muster: ${messageOf(error)}\n`);
  return EXIT.failed;
}
