import type { Command } from 'commander';
import { causeFacts } from '@muster/core/enrollment/cause';
import { describeCluster } from '@muster/core/install/output-clusters';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { plural } from '@muster/core/runtime/wording';
import { type CommandContext, EXIT } from '../command-context.ts';
import { examplesText } from '../examples-text.ts';
import { mutedText } from '../lists/finding-list.ts';
import { moveOnTerminal } from '../guarded-output.ts';
import { withSource } from '../sources/with-source.ts';

const WATCH_MS = 1_000;
/** Lines of output shown per cause; `status --json` has more. */
const OUTPUTS_SHOWN = 3;

/** `muster status [--json] [--watch]`: where the organization stands. */
export function addStatusCommands(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('where the organization stands')
    .option('--json', 'one line of JSON (docs/status-json.md)')
    .option('--watch', 'again every second')
    .addHelpText(
      'after',
      examplesText('muster status', 'muster status --watch', 'muster status --json | jq .instances'),
    )
    .action(async (options: { json?: boolean; watch?: boolean }) => {
      await withSource(context, async (source) => {
        for (;;) {
          const status = await source.status();
          const text = options.json === true ? JSON.stringify(status) : formatStatus(status);
          if (options.watch === true && options.json !== true) moveOnTerminal(process.stdout, 'erase-screen');
          process.stdout.write(`${text}\n`);
          if (options.watch !== true) return;
          await new Promise((resolve) => {
            setTimeout(resolve, WATCH_MS);
          });
        }
      });
      context.exit(EXIT.ok);
    });
}

/** The status as people read it in a terminal. */
export function formatStatus(status: OrganizationStatus): string {
  const { sweep, instances, outputs, commands, labels, rollout, waits, aws, findings } = status;
  const lines: string[] = [];
  const verdict = sweep.state === 'running' ? 'running' : (sweep.verdict ?? 'unknown');
  lines.push(`Sweep      ${verdict}${sweep.startedAt === null ? '' : `, started ${sweep.startedAt}`}`);
  lines.push(`Accounts   ${accountsOf(sweep.accounts)}`);
  const { total, ...byStatus } = sweep.targets;
  lines.push(`Targets    ${total}: ${countsOf(byStatus)}`);
  lines.push(`Instances  ${instances.total}${readOf(sweep)}: ${countsOf(instances.byState)}`);
  const unread = unreadOf(sweep.notRead);
  if (unread !== '') {
    lines.push(
      `Not read   ${unread}: their figures are those of their last reading, or missing (muster coverage)`,
    );
  }
  lines.push(`Commands   ${commands.sent} sent, ${commands.live} live`);
  if (labels.waiting !== null && labels.waiting > 0) {
    lines.push(`Labels     of ${plural(labels.waiting, 'instance')} wait to be written`);
  }
  for (const ramp of rollout.ramps) lines.push(`Ramp       ${ramp.message}`);
  for (const wait of waits) {
    const until = wait.until === null ? '' : `, until ${wait.until} at the latest`;
    lines.push(
      `Waiting    ${plural(wait.instances, 'instance')} in ${plural(wait.targets, 'target')} since ${wait.since}${until}: ${wait.message}`,
    );
  }
  const throttled = Object.values(aws.throttled).reduce((sum, count) => sum + count, 0);
  const calls = Object.values(aws.calls).reduce((sum, count) => sum + count, 0);
  lines.push(`AWS calls  ${calls}${throttled > 0 ? `, ${throttled} throttled` : ''}`);
  if (findings.length > 0) {
    lines.push('', 'Findings:');
    for (const finding of findings) {
      lines.push(
        `  ${finding.kind} (${finding.scope}, since ${finding.since}): ${finding.message}`,
        ...(finding.muted === null ? [] : [`          ${mutedText(finding.muted)}`]),
        `          ${finding.owner}: ${finding.remedy}`,
      );
    }
  }
  const causes = Object.entries(instances.byCause).toSorted(([, a], [, b]) => b - a);
  if (causes.length > 0) {
    lines.push('', 'Not enrolled, and why:');
    for (const [cause, count] of causes) {
      const { title, remedy } = causeFacts(cause);
      lines.push(`  ${String(count).padStart(6)}  ${cause}: ${title}`, `          ${remedy}`);
      const shown = outputs.filter((one) => one.cause === cause && one.template !== null);
      for (const output of shown.slice(0, OUTPUTS_SHOWN)) {
        lines.push(`          ${describeCluster(output)} (such as ${output.example.instanceId})`);
      }
    }
  }
  return lines.map(terminalLine).join('\n');
}

function accountsOf({ total, denied, inactive }: OrganizationStatus['sweep']['accounts']): string {
  return `${total}${denied > 0 ? `, ${denied} denied` : ''}${inactive > 0 ? `, ${inactive} not active` : ''}`;
}

/** ` in 69 of 71 targets read`, while some are not: a sum that is not of all says of what it is. */
function readOf({ targets, notRead }: OrganizationStatus['sweep']): string {
  const unread = notRead.accounts + notRead.targets;
  return unread === 0 ? '' : ` in ${targets.total - unread} of ${targets.total} targets read`;
}

function unreadOf({ accounts, targets }: OrganizationStatus['sweep']['notRead']): string {
  return [
    ...(accounts > 0 ? [`${accounts} account${accounts === 1 ? '' : 's'}`] : []),
    ...(targets > 0 ? [`${targets} target${targets === 1 ? '' : 's'}`] : []),
  ].join(' and ');
}

function countsOf(counts: Readonly<Record<string, number>>): string {
  const shown = Object.entries(counts).filter(([, count]) => count > 0);
  return shown.length === 0 ? 'none' : shown.map(([name, count]) => `${count} ${name}`).join(', ');
}
