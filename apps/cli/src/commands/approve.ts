import { type ApprovalRequest, wordOf } from '@muster/core/control/approval';
import { approveRequest } from '@muster/core/control/operator-acts';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import type { Command } from 'commander';
import { createInterface } from 'node:readline/promises';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { withLedger } from '../open-ledger.ts';

interface ApproveOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** From so many hosts on, an operator at a terminal is asked. */
const ASKED_ABOVE_HOSTS = 20;

/** `muster approve`: lets begin what waits for an operator, as far as it reaches now. */
export function addApproveCommand(program: Command, context: CommandContext): void {
  program
    .command('approve')
    .description('let a wave or a change begin; without a subject: list what waits for an approval')
    .argument('[subject]', 'the name of a wave, or change')
    .option('--dry-run', 'say what would be approved, and do nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'JSON lines (docs/status-json.md)')
    .action(async (subject: string | undefined, options: ApproveOptions) => {
      const config = readConfig(context.env, context.configOption());
      const by = context.env['USER'] ?? 'operator';
      await withLedger(config, async (ledger) => {
        const requests = await ledger.approvals.requests();
        const tell = (request: ApprovalRequest): void => {
          process.stdout.write(
            `${options.json === true ? JSON.stringify(lineOf(request)) : describe(request)}\n`,
          );
        };
        if (subject === undefined) {
          for (const request of requests) tell(request);
          if (requests.length === 0 && options.json !== true) {
            process.stdout.write('nothing waits for an approval\n');
          }
          return;
        }
        const request = chosen(requests, subject);
        tell(request);
        if (options.dryRun === true || !(await isWanted(request, options))) return;
        await approveRequest({ ledger }, request, by);
        if (options.json !== true) process.stdout.write(`approved ${wordOf(request.subject)}\n`);
      });
    });
}

/** What the operator means, by the word that lists and findings show, or by its whole subject. Exit code 64 when it does not wait. */
function chosen(requests: readonly ApprovalRequest[], word: string): ApprovalRequest {
  const meant = requests.filter((one) => one.subject === word || wordOf(one.subject) === word);
  const [request, ...more] = meant;
  if (request !== undefined && more.length === 0) return request;
  const subjects = (meant.length > 0 ? meant : requests).map((one) =>
    meant.length > 0 ? one.subject : wordOf(one.subject),
  );
  if (more.length > 0) {
    throw new CommandError(
      EXIT.usage,
      `${word} is more than one, and each is approved by itself: ${subjects.join(', ')}`,
    );
  }
  const waiting =
    subjects.length === 0 ? 'nothing waits for an approval' : `what waits: ${subjects.join(', ')}`;
  throw new CommandError(EXIT.usage, `${word} does not wait for an approval: ${waiting}`);
}

/** A question on a terminal, where many hosts are touched; a script has said what it wants. */
async function isWanted({ hosts }: ApprovalRequest, { yes }: ApproveOptions): Promise<boolean> {
  if (yes === true || hosts <= ASKED_ABOVE_HOSTS || !process.stdin.isTTY) return true;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await lines.question('Approve? [y/N] ')).trim());
  } finally {
    lines.close();
  }
}

function describe(request: ApprovalRequest): string {
  const { subject, hosts, accounts, grow, detail, sinceMs } = request;
  const size = `${hosts} ${hosts === 1 ? 'host' : 'hosts'} in ${accounts} ${accounts === 1 ? 'account' : 'accounts'}`;
  const growth = `may grow by ${Math.round(grow * 100)} % before it must be approved again`;
  return terminalLine(
    `${wordOf(subject)}: ${size}, ${growth}. ${detail} Waits since ${new Date(sinceMs).toISOString()}.`,
  );
}

function lineOf({ subject, hosts, accounts, grow, detail, sinceMs }: ApprovalRequest) {
  return { subject, hosts, accounts, grow, detail, since: new Date(sinceMs).toISOString() };
}
