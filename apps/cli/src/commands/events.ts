import type { Change } from '@muster/core/enrollment/change-store';
import type { Command } from 'commander';
import { examplesText } from '../examples-text.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { withLedger } from '../open-ledger.ts';

interface Options {
  readonly follow?: boolean;
  readonly since?: string;
}

/** Entries asked for at once. */
const PAGE = 1_000;
const LOOK_MS = 1_000;

/** `muster events`: what changed about instances, as JSON lines (docs/status-json.md). */
export function addEventsCommand(program: Command, context: CommandContext): void {
  program
    .command('events')
    .description('what changed: state and cause of instances, as JSON lines')
    .option('--follow', 'go on, with what changes from now on')
    .option('--since <id>', 'only what came after this entry; 0-0 is the oldest that is kept')
    .addHelpText('after', examplesText('muster events --follow', 'muster events --since 0-0 | jq .instances'))
    .action(async ({ follow = false, since }: Options) => {
      if (since !== undefined && !/^\d+-\d+$/.test(since)) {
        throw new CommandError(EXIT.usage, `--since ${since}: an entry's id looks like 1764489600000-0`);
      }
      const config = readConfig(context.env, context.configOption());
      await withLedger(
        config,
        async ({ changes }, clock) => {
          let afterId = since ?? (follow ? 'now' : '0-0');
          for (;;) {
            const { entries, nextId, behind } = await changes.read(afterId, PAGE);
            // What lies between is told by no entry any more: a reader that keeps a copy makes it anew.
            if (behind) print({ behind: true });
            for (const entry of entries) if (entry.instances.length > 0) print(lineOf(entry));
            afterId = nextId;
            if (entries.length === PAGE) continue;
            if (!follow) return;
            await clock.sleep(LOOK_MS);
          }
        },
        follow ? 'patient' : 'fail-fast',
      );
    });
}

function lineOf({ id, v, target, instances, more }: Change): object {
  return { id, at: new Date(Number.parseInt(id, 10)).toISOString(), v, target, instances, ...more };
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
