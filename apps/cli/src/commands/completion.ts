import { Argument, type Command } from 'commander';
import { examplesText } from '../examples-text.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `muster completion SHELL`: a script that completes verbs, options and known words. Made from the verbs as they are. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes muster in a shell')
    .addArgument(new Argument('<shell>', 'whose script').choices(SHELLS))
    .addHelpText(
      'after',
      examplesText(
        'eval "$(muster completion bash)"          # in ~/.bashrc',
        'eval "$(muster completion zsh)"           # in ~/.zshrc',
        'muster completion fish > ~/.config/fish/completions/muster.fish',
      ),
    )
    .action(async (shell: (typeof SHELLS)[number]) => {
      const { commandTree } = await import('../completion/command-tree.ts');
      const tree = commandTree(program);
      const { bashScript, zshScript } = await import('../completion/bash-script.ts');
      const { fishScript } = await import('../completion/fish-script.ts');
      const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
      process.stdout.write(scripts[shell](tree));
    });
}
