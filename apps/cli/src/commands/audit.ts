import { AUDIT_ACTS, type AuditEntry } from '@muster/core/control/audit/audit-entry';
import { linksOfFiles, listFiles } from '@muster/core/control/audit/audit-file-store';
import type { StoredAuditEntry } from '@muster/core/control/audit/audit-store';
import { type ChainVerdict, verifyChain } from '@muster/core/control/audit/verify-chain';
import { parseDuration } from '@muster/core/config/value-shapes';
import type { Ledger } from '@muster/core/control/ledger';
import { messageOf } from '@muster/core/runtime/errors';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { plural } from '@muster/core/runtime/wording';
import type { Command } from 'commander';
import type { ApiClient } from '../api/api-client.ts';
import { openApi } from '../api/open-api.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { examplesText } from '../examples-text.ts';
import { withLedger } from '../open-ledger.ts';

interface ListOptions {
  readonly json?: boolean;
  readonly since?: string;
  readonly act?: string;
  readonly by?: string;
  readonly limit: string;
}

/** Entries asked for at once. */
const PAGE = 500;

/** `muster audit`: who did what, and whether the chain of what is kept holds. */
export function addAuditCommand(program: Command, context: CommandContext): void {
  const audit = program
    .command('audit')
    .description('who did what, from where, over how many hosts: the newest first')
    .option(
      '--since <time>',
      'only since then: a duration such as 24h, or a time such as 2026-11-30T08:00:00Z',
    )
    .option('--act <act>', 'only one kind of act, such as pause')
    .option('--by <name>', 'only of one actor')
    .option('--limit <count>', 'at most so many entries', '50')
    .option('--json', 'JSON lines, one per entry, as they lie in the export')
    .addHelpText('after', examplesText('muster audit --since 24h --act pause', 'muster audit verify'))
    .action(async (options: ListOptions) => {
      const limit = Number(options.limit);
      if (!Number.isInteger(limit) || limit < 1) {
        throw new CommandError(EXIT.usage, `--limit ${options.limit}: must be a whole number of 1 or more`);
      }
      const client = await openApi(context);
      if (client !== null) return listByApi(client, options, limit);
      const config = readConfig(context.env, context.configOption());
      const entries = await withLedger(config, async (ledger, clock) =>
        readNewest(ledger, limit, filterOf(options, clock.now())),
      );
      for (const { entry } of entries) {
        process.stdout.write(`${options.json === true ? JSON.stringify(entry) : describe(entry)}\n`);
      }
      if (entries.length > 0) return;
      requireKnownAct(options.act);
      if (options.json !== true) process.stdout.write('no entries\n');
    });
  audit
    .command('verify')
    .description('whether the chain holds; exit code 1 where an entry was changed, added or taken out')
    .option(
      '--file <files...>',
      'of the export instead of Redis: its base name (muster.audit.file), or files in the order of their days',
    )
    .addHelpText('after', examplesText('muster audit verify --file /var/log/muster/audit.jsonl'))
    .action(async ({ file }: { readonly file?: readonly string[] }) => {
      if (file === undefined && (await openApi(context)) !== null) {
        throw new CommandError(
          EXIT.usage,
          'muster audit verify reads Redis or files itself: run it without --url',
        );
      }
      const verdict =
        file === undefined
          ? await withLedger(readConfig(context.env, context.configOption()), ({ audit: stored }) =>
              verifyChain(stored.chain()),
            )
          : await verifyFiles(file);
      for (const line of describeVerdict(verdict)) process.stdout.write(`${terminalLine(line)}\n`);
      if (verdict.fault !== null) context.exit(EXIT.failed);
    });
}

async function listByApi(client: ApiClient, options: ListOptions, limit: number): Promise<void> {
  const { auditLines } = await import('../api/read-audit.ts');
  const { since, act, by, json = false } = options;
  const from = since === undefined ? {} : { since: new Date(timeOf(since, Date.now())).toISOString() };
  const asked = {
    ...(act === undefined ? {} : { act }),
    ...(by === undefined ? {} : { by }),
    ...from,
    limit,
  };
  let isEmpty = true;
  for await (const line of auditLines(client, asked, json)) {
    isEmpty = false;
    process.stdout.write(`${line}\n`);
  }
  if (isEmpty && !json) process.stdout.write('no entries\n');
}

/** A slip must not look as if nothing had been done. Exit code 64. */
function requireKnownAct(act: string | undefined): void {
  if (act === undefined || AUDIT_ACTS.some((known) => known === act)) return;
  throw new CommandError(
    EXIT.usage,
    `--act ${act}: there is no such act, and no entry of one; there are ${AUDIT_ACTS.join(', ')}`,
  );
}

type Known = StoredAuditEntry & { readonly entry: AuditEntry };

function filterOf({ since, act, by }: ListOptions, nowMs: number): (entry: AuditEntry) => boolean {
  const sinceMs = since === undefined ? 0 : timeOf(since, nowMs);
  return (entry) =>
    entry.atMs >= sinceMs &&
    (act === undefined || entry.act === act) &&
    (by === undefined || entry.by.name === by);
}

function timeOf(text: string, nowMs: number): number {
  const ago = parseDuration(text.replace(/^(\d+)d$/, (_, days: string) => `${Number(days) * 24}h`));
  const atMs = ago === null ? Date.parse(text) : nowMs - ago;
  if (Number.isFinite(atMs)) return atMs;
  throw new CommandError(
    EXIT.usage,
    `--since ${text}: give a duration such as 24h or 7d, or a time such as 2026-11-30T08:00:00Z`,
  );
}

async function readNewest(
  { audit }: Pick<Ledger, 'audit'>,
  limit: number,
  isWanted: (entry: AuditEntry) => boolean,
): Promise<readonly Known[]> {
  const found: Known[] = [];
  let beforeId: string | null = null;
  for (;;) {
    const page: readonly StoredAuditEntry[] = await audit.newest(PAGE, beforeId);
    for (const one of page) {
      if (one.entry !== null && isWanted(one.entry)) found.push({ ...one, entry: one.entry });
      if (found.length === limit) return found;
    }
    beforeId = page.at(-1)?.id ?? null;
    if (beforeId === null || page.length < PAGE) return found;
  }
}

/** One line: time, actor, act, scope, result, and what is known beside. */
function describe(entry: AuditEntry): string {
  const { atMs, by, from, act, scope, dryRun, basis, result, detail, reason } = entry;
  const shown =
    dryRun === null ? '' : ` (${plural(dryRun.hosts, 'host')} in ${plural(dryRun.accounts, 'account')})`;
  const more = [
    ...(detail === '' ? [] : [detail]),
    ...(reason === '' ? [] : [`reason: ${reason}`]),
    ...(basis === null ? [] : [`by ${basis}`]),
  ];
  const tail = more.length === 0 ? '' : `: ${more.join('; ')}`;
  const role = by.role === null ? '' : ` as ${by.role}`;
  return terminalLine(
    `${new Date(atMs).toISOString()}  ${by.name}${role} from ${from}  ${act} ${scope}${shown}  ${result}${tail}`,
  );
}

/** A base name stands for the files of its days. */
async function verifyFiles(names: readonly string[]): Promise<ChainVerdict> {
  try {
    const paths = await Promise.all(
      names.map(async (name) => {
        const days = await listFiles(name);
        return days.length > 0 ? days.map(({ path }) => path) : [name];
      }),
    );
    return await verifyChain(linksOfFiles(paths.flat()));
  } catch (error) {
    throw new CommandError(EXIT.failed, `the audit’s files cannot be read: ${messageOf(error)}`);
  }
}

function describeVerdict(verdict: ChainVerdict): readonly string[] {
  const { entries, firstSeq, lastSeq, begunAnew, fault } = verdict;
  const held =
    entries === 0
      ? 'no entries'
      : `${entries} ${entries === 1 ? 'entry' : 'entries'}, from number ${firstSeq} to number ${lastSeq}`;
  return [
    fault === null ? `the chain holds: ${held}` : `the chain does not hold at ${fault.place}: ${fault.why}`,
    ...(fault === null ? [] : [`before it: ${held}`]),
    ...begunAnew.map(
      (place) => `another chain begins at ${place}: Redis was emptied, or another one took its place`,
    ),
    ...(firstSeq === null || firstSeq === 1 ? [] : [`entries before number ${firstSeq} are no longer here`]),
  ];
}
