import { FindingRow } from '@muster/api/findings';
import { parseDuration } from '@muster/core/config/value-shapes';
import type { Ledger } from '@muster/core/control/ledger';
import { idOfFinding } from '@muster/core/control/findings';
import { faultOfMute, muteFinding, unmuteFinding } from '@muster/core/control/mute-finding';
import { readFindings } from '@muster/core/control/standing-findings';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import type { Command } from 'commander';
import { commandActor } from '../act-by-command.ts';
import { openApi } from '../api/open-api.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { examplesText } from '../examples-text.ts';
import { withLedger } from '../open-ledger.ts';

interface MuteOptions {
  readonly scope?: string;
  readonly reason: string;
  readonly for: string;
}

const DAY_MS = 86_400_000;

/** `muster findings mute` and `unmute`: a known finding is told to no channel for a while, and stays in the lists. */
export function addMuteCommands(findings: Command, context: CommandContext): void {
  withScope(findings.command('mute').description('tell no channel of a known finding, until a time'))
    .requiredOption('--reason <text>', 'why, shown with the finding')
    .requiredOption('--for <duration>', 'how long, such as 8h or 7d; 90d at most')
    .addHelpText(
      'after',
      examplesText(
        'muster findings mute clock-off --scope process:host-1/42 --reason "host is replaced" --for 7d',
      ),
    )
    .action(async (kind: string, { scope, reason, for: length }: MuteOptions) => {
      const id = idOf(kind, scope);
      const lengthMs = readLength(length);
      const client = await openApi(context);
      if (client !== null) {
        const until = new Date(Date.now() + lengthMs).toISOString();
        await client.post(`/findings/${encodeURIComponent(id)}/mute`, FindingRow, { reason, until });
        print(`muted ${id} until ${until}`);
        return;
      }
      await withLedger(readConfig(context.env, context.configOption()), async (ledger, clock) => {
        const nowMs = clock.now();
        const untilMs = nowMs + lengthMs;
        const fault = faultOfMute({ nowMs, untilMs }) ?? (await faultOfId(ledger, id, kind));
        if (fault !== null) throw new CommandError(EXIT.usage, terminalLine(fault));
        await muteFinding(ledger, id, { actor: commandActor(context.env), reason, nowMs, untilMs });
        print(`muted ${id} until ${new Date(untilMs).toISOString()}`);
      });
    });
  withScope(findings.command('unmute').description('tell channels of a finding again'))
    .addHelpText('after', examplesText('muster findings unmute clock-off --scope process:host-1/42'))
    .action(async (kind: string, { scope }: Pick<MuteOptions, 'scope'>) => {
      const id = idOf(kind, scope);
      const client = await openApi(context);
      const isEnded =
        client === null
          ? await withLedger(readConfig(context.env, context.configOption()), (ledger) =>
              unmuteFinding(ledger, id, commandActor(context.env)),
            )
          : await client.delete(`/findings/${encodeURIComponent(id)}/mute`);
      if (!isEnded) throw new CommandError(EXIT.usage, terminalLine(`${id} is not muted`));
      print(`unmuted ${id}`);
    });
}

function withScope(command: Command): Command {
  return command
    .argument('<kind>', 'kind of the finding, paused, or a cause')
    .option('--scope <scope>', 'scope as muster findings shows it (default: all)');
}

/** A cause is one finding, about all of its hosts. */
function idOf(kind: string, scope: string | undefined): string {
  if (kind.startsWith('cause:')) return idOfFinding({ kind, scope: kind });
  return idOfFinding({ kind, scope: scope ?? 'all' });
}

/** Days are what a person counts in here; Go's durations have none. */
function readLength(text: string): number {
  const [, days] = /^(\d{1,3})d$/.exec(text) ?? [];
  const ms = days === undefined ? parseDuration(text) : Number(days) * DAY_MS;
  if (ms === null || ms <= 0) {
    throw new CommandError(
      EXIT.usage,
      `--for needs a duration such as 8h or 7d, found ${JSON.stringify(text)}`,
    );
  }
  return ms;
}

/** A mute of what does not stand would be a slip: nothing would show it. */
async function faultOfId(ledger: Ledger, id: string, kind: string): Promise<string | null> {
  const [findings, pauses, { causes }] = await Promise.all([
    readFindings(ledger),
    ledger.control.pauses(),
    ledger.enrollments.counts(),
  ]);
  const standing = [
    ...findings.map(idOfFinding),
    ...pauses.map(({ scope }) => idOfFinding({ kind: 'paused', scope })),
    ...[...causes.keys()].map((cause) => idOf(`cause:${cause}`, undefined)),
  ];
  if (standing.includes(id)) return null;
  const near = standing.filter((one) => one.startsWith(`${kind}@`)).map((one) => one.slice(kind.length + 1));
  return near.length === 0
    ? `no finding ${kind} stands: muster findings lists those that do; a cause is written cause:NAME`
    : `no finding ${kind} stands for that scope; it does for ${near.slice(0, 5).join(', ')}`;
}

function print(text: string): void {
  process.stdout.write(`${terminalLine(text)}\n`);
}
