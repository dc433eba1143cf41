import { plural } from '@muster/core/runtime/wording';
import { type ApprovalRequest, wordOf } from '@muster/core/control/approval';
import { findRequest } from '@muster/core/control/actions/plan-one-step';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import type { Command } from 'commander';
import { actByCommand, commandActor } from '../act-by-command.ts';
import { type ActOptions, examples, mayAct, printDone, withActOptions } from '../ask-before-act.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { withLedger } from '../open-ledger.ts';

/** `muster approve`: lets begin what waits for an operator, as far as it reaches now. */
export function addApproveCommand(program: Command, context: CommandContext): void {
  const approve = program
    .command('approve')
    .description(
      'let a wave, a change or a clean-up begin; without a subject: list what waits for an approval',
    )
    .argument('[subject]', 'the name of a wave, change, or cleanup');
  withActOptions(approve)
    .addHelpText('after', examples('muster approve', 'muster approve eu --dry-run'))
    .action(async (subject: string | undefined, options: ActOptions) => {
      const config = readConfig(context.env, context.configOption());
      await withLedger(config, async (ledger, clock) => {
        const requests = await ledger.approvals.requests();
        if (subject === undefined) return list(requests, options);
        const request = chosen(requests, subject);
        const fields = { act: 'approve', ...lineOf(request) };
        const told = { hosts: request.hosts, lines: [describe(request)], fields };
        if (!(await mayAct(told, options))) return;
        const actor = commandActor(context.env);
        const asked = { kind: 'subject', subject: request.subject } as const;
        await actByCommand({ config, ledger, clock, actor }, 'approve', asked);
        printDone(told, options, `approved ${wordOf(request.subject)}`);
      });
    });
}

function list(requests: readonly ApprovalRequest[], { json }: ActOptions): void {
  for (const request of requests) {
    process.stdout.write(`${json === true ? JSON.stringify(lineOf(request)) : describe(request)}\n`);
  }
  if (requests.length === 0 && json !== true) process.stdout.write('nothing waits for an approval\n');
}

/** Exit code 64 when it does not wait. */
function chosen(requests: readonly ApprovalRequest[], word: string): ApprovalRequest {
  const found = findRequest(requests, word);
  if ('fault' in found) throw new CommandError(EXIT.usage, found.fault);
  return found.request;
}

function describe(request: ApprovalRequest): string {
  const { subject, hosts, accounts, grow, detail, sinceMs } = request;
  const size = `${plural(hosts, 'host')} in ${plural(accounts, 'account')}`;
  const growth = `may grow by ${Math.round(grow * 100)} % before it must be approved again`;
  return terminalLine(
    `${wordOf(subject)}: ${size}, ${growth}. ${detail} Waits since ${new Date(sinceMs).toISOString()}.`,
  );
}

function lineOf({ subject, hosts, accounts, grow, detail, sinceMs }: ApprovalRequest) {
  return { subject, hosts, accounts, grow, detail, since: new Date(sinceMs).toISOString() };
}
