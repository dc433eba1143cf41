import { plural } from '@muster/core/runtime/wording';
import { type ApprovalRequest, wordOf } from '@muster/core/control/approval';
import { findRequest } from '@muster/core/control/actions/plan-one-step';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import type { Command } from 'commander';
import type { ApiClient } from '../api/api-client.ts';
import { openApi } from '../api/open-api.ts';
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
      const client = await openApi(context);
      if (client !== null) return approveByApi(client, subject, options);
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

async function approveByApi(
  client: ApiClient,
  subject: string | undefined,
  options: ActOptions,
): Promise<void> {
  if (subject !== undefined) {
    const { actByApi } = await import('../api/act-by-api.ts');
    return actByApi(client, { kind: 'approve', selection: { subject } }, options);
  }
  const { readApprovals } = await import('../api/read-approvals.ts');
  const requests = await readApprovals(client);
  for (const { subject: word, hosts, accounts, detail, since } of requests) {
    const size = `${plural(hosts, 'host')} in ${plural(accounts, 'account')}`;
    const text = terminalLine(`${word}: ${size}. ${detail} Waits since ${since}.`);
    const line = JSON.stringify({ subject: word, hosts, accounts, detail, since });
    process.stdout.write(`${options.json === true ? line : text}\n`);
  }
  if (requests.length === 0 && options.json !== true) process.stdout.write('nothing waits for an approval\n');
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
