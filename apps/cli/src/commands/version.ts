import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { heardOf } from '@muster/core/control/process-clock';
import { messageOf } from '@muster/core/runtime/errors';
import { type Release, thisRelease } from '@muster/core/runtime/release';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import type { Command } from 'commander';
import { examplesText } from '../examples-text.ts';
import { type CommandContext, readConfig } from '../command-context.ts';
import { withLedger } from '../open-ledger.ts';

/** `muster version --json` (docs/status-json.md). */
interface Versions extends Release {
  /** The schedulers and workers that run, by name; null when the ledger cannot be read. */
  readonly processes: readonly RunningRelease[] | null;
  /** Why it cannot; null when it can. */
  readonly unread: string | null;
}

interface RunningRelease extends Partial<Release> {
  readonly name: string;
  readonly part: string;
}

/** `muster version`: what this is, and what the processes are that run. Answers without a configuration and without Redis, too. */
export function addVersionCommand(program: Command, context: CommandContext): void {
  program
    .command('version')
    .description('release, commit and schema: of this command, and of every process that runs')
    .option('--json', 'one line of JSON (docs/status-json.md)')
    .addHelpText('after', examplesText('muster version --json'))
    .action(async (options: { json?: boolean }) => {
      const own = thisRelease();
      const versions = {
        ...own,
        commit: own.commit ?? commitOfCheckout(),
        ...(await readProcesses(context)),
      };
      process.stdout.write(`${options.json === true ? JSON.stringify(versions) : format(versions)}\n`);
    });
}

async function readProcesses(context: CommandContext): Promise<Pick<Versions, 'processes' | 'unread'>> {
  try {
    const config = readConfig(context.env, context.configOption());
    return await withLedger(config, async (ledger) => {
      const { clocks, redisNowMs } = await ledger.clocks.all();
      const processes = heardOf(clocks, redisNowMs)
        .map(({ name, part, runs }) => ({ name, part, ...runs }))
        .toSorted((a, b) => a.name.localeCompare(b.name));
      return { processes, unread: null };
    });
  } catch (error) {
    return { processes: null, unread: messageOf(error) };
  }
}

/** Null where these files are no checkout of Muster's own repository. */
function commitOfCheckout(): string | null {
  const root = resolve(import.meta.dirname, '../../../..');
  try {
    const [top, commit = ''] = execFileSync('git', ['-C', root, 'rev-parse', '--show-toplevel', 'HEAD'], {
      encoding: 'utf8',
      timeout: 2_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n');
    return top === root && commit !== '' ? commit : null;
  } catch {
    return null;
  }
}

function format({ processes, unread, ...own }: Versions): string {
  const lines = [`muster ${describe(own)}; reads ledgers from schema ${own.readableFrom}`];
  if (processes === null) lines.push(`the processes that run are not known: ${unread ?? ''}`);
  else if (processes.length === 0) lines.push('no scheduler and no worker runs');
  for (const { name, part, ...release } of processes ?? []) {
    lines.push(`  ${part.padEnd(9)}  ${name}  ${describe(release)}`);
  }
  const releases = new Set((processes ?? []).map((one) => `${one.release} ${one.commit} ${one.schema}`));
  if (releases.size > 1) lines.push(`${releases.size} releases run side by side: docs/upgrade.md`);
  return lines.map(terminalLine).join('\n');
}

/** A release before there were schema numbers says nothing of itself. */
function describe({ release, commit, schema, node }: Partial<Release>): string {
  if (release === undefined) return 'an older release, which does not say more';
  return `${release}, commit ${commit ?? 'not known'}, schema ${schema ?? 1}, Node ${node ?? ''}`;
}
