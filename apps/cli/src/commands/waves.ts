import { readWaves, type WaveView } from '@muster/core/rollout/waves/wave-view';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import type { Command } from 'commander';
import { alignTable } from '../align-table.ts';
import { type CommandContext, readConfig } from '../command-context.ts';
import { withLedger } from '../open-ledger.ts';

/** `muster waves`: where each wave of the configuration stands, and what those wait for that have not begun. */
export function addWavesCommand(program: Command, context: CommandContext): void {
  program
    .command('waves')
    .description('where each wave stands, and what it waits for')
    .option('--json', 'JSON lines, one per wave (docs/status-json.md)')
    .action(async (options: { json?: boolean }) => {
      const config = readConfig(context.env, context.configOption());
      const waves = await withLedger(config, (ledger, clock) =>
        readWaves(ledger, config.rollout.waves, clock.now()),
      );
      const lines = options.json === true ? waves.map((wave) => JSON.stringify(wave)) : formatWaves(waves);
      for (const line of lines) process.stdout.write(`${line}\n`);
    });
}

const TITLES = ['wave', 'hosts', 'joined', 'failed', 'lost', 'under way', 'waiting'];

/** A table of figures, and under it what waits for what. */
export function formatWaves(waves: readonly WaveView[]): readonly string[] {
  if (waves.length === 0) return ['there are no waves: all hosts begin at once (muster.rollout.waves)'];
  const rows = waves.map(({ name, hosts, joined, failed, lost, underWay, waiting }) => [
    name,
    ...[hosts, joined, failed, lost, underWay, waiting].map(String),
  ]);
  return [
    ...alignTable([TITLES, ...rows]),
    '',
    ...waves.map(({ name, why, waitsFor }) => {
      if (why === null) return terminalLine(`${name}: has begun`);
      return terminalLine(`${name}: ${waitsFor === 'approval' ? 'waits for approval' : 'waits'}: ${why}`);
    }),
  ];
}
