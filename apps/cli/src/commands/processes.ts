import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import { examplesText } from '../examples-text.ts';
import { type CommandContext, readConfig } from '../command-context.ts';
import { runUntilSignal, startPart } from '../run-process.ts';

/** `muster scheduler` and `muster worker`: run until a signal asks them to stop. */
export function addProcessCommands(program: Command, context: CommandContext): void {
  program
    .command('scheduler')
    .description('decide what should run, and show it; holds no AWS credentials')
    .addHelpText('after', examplesText('muster --config /etc/muster/muster.yaml scheduler'))
    .action(async () => {
      // Before V8's young generation has grown: what a scheduler answers is garbage at once, and 130 MB of it would lie there.
      setFlagsFromString('--semi-space-growth-factor=1');
      const config = readConfig(context.env, context.configOption());
      await runUntilSignal('scheduler', config, context, (tools) => startPart('scheduler', config, tools));
    });
  program
    .command('worker')
    .description('talk to AWS and Teleport')
    .addHelpText('after', examplesText('muster --config /etc/muster/muster.yaml worker'))
    .action(async () => {
      const config = readConfig(context.env, context.configOption());
      await runUntilSignal('worker', config, context, (tools) => startPart('worker', config, tools));
    });
}
