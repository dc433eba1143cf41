import { causeFacts } from '@muster/core/enrollment/cause';
import { parseCoverageId } from '@muster/core/organization/coverage-store';
import { readOrganizationStatus } from '@muster/core/reports/organization-status';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import type { Command } from 'commander';
import { type CommandContext, readConfig } from '../command-context.ts';
import { withLedger } from '../open-ledger.ts';

/** `muster coverage` and `muster findings`: what was not read, what should be done, and who must act. */
export function addCoverageCommands(program: Command, context: CommandContext): void {
  program
    .command('coverage')
    .description('how each target was last read')
    .option('--json', 'JSON lines, all targets (docs/status-json.md)')
    .action(async (options: { json?: boolean }) => {
      await withLedger(readConfig(context.env, context.configOption()), async (ledger) => {
        const all = (await ledger.coverage.all()).toSorted((a, b) => a.id.localeCompare(b.id));
        for (const { id, coverage } of all) {
          const { accountId, target } = parseCoverageId(id);
          const line = {
            accountId,
            region: target?.region ?? '*',
            status: coverage.status,
            lastReadAt: isoTime(coverage.attemptedAtMs),
            lastCompleteAt: isoTime(coverage.completeAtMs),
            cause: coverage.cause,
            detail: coverage.detail === '' ? null : coverage.detail,
            remedy: coverage.cause === null ? null : causeFacts(coverage.cause).remedy,
          };
          if (options.json === true) process.stdout.write(`${JSON.stringify(line)}\n`);
          else if (coverage.status !== 'complete') {
            process.stdout.write(
              `${terminalLine(`${line.accountId}  ${line.region.padEnd(14)}  ${line.status.padEnd(9)}  ${line.cause ?? ''}  ${line.detail ?? ''}`)}\n`,
            );
          }
        }
        if (options.json !== true) {
          const complete = all.filter(({ coverage }) => coverage.status === 'complete').length;
          process.stdout.write(`${complete} of ${all.length} targets are complete\n`);
        }
      });
    });
  program
    .command('findings')
    .description('what should be done, and who must act')
    .option('--json', 'JSON lines (docs/status-json.md)')
    .action(async (options: { json?: boolean }) => {
      await withLedger(readConfig(context.env, context.configOption()), async (ledger, clock) => {
        const status = await readOrganizationStatus(ledger, clock.now());
        const causes = Object.entries(status.instances.byCause).map(([kind, count]) => ({
          kind,
          scope: 'instances',
          count,
          since: null,
          message: causeFacts(kind).title,
          remedy: causeFacts(kind).remedy,
          owner: causeFacts(kind).owner,
        }));
        for (const finding of [...status.findings, ...causes.toSorted((a, b) => b.count - a.count)]) {
          process.stdout.write(
            options.json === true
              ? `${JSON.stringify(finding)}\n`
              : `${terminalLine(`${String(finding.count).padStart(6)}  ${finding.kind} (${finding.scope}): ${finding.message}`)}\n        ${terminalLine(`${finding.owner}: ${finding.remedy}`)}\n`,
          );
        }
      });
    });
}

/** Null for a time that is not known. */
function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
