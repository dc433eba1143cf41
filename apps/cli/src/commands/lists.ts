/** Verbs that print one list: `muster accounts`, `instances`, `findings`, `coverage`, `waves`. */
import type { Command } from 'commander';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import type { WaveView } from '@muster/core/rollout/waves/wave-view';
import type { CommandContext } from '../command-context.ts';
import { examplesText } from '../examples-text.ts';
import { ACCOUNT_LIST } from '../lists/account-list.ts';
import { COVERAGE_LIST, type CoverageLine } from '../lists/coverage-list.ts';
import { FINDING_LIST } from '../lists/finding-list.ts';
import { INSTANCE_LIST } from '../lists/instance-list.ts';
import { type List, type ListOptions, readListOptions, withListOptions } from '../lists/list.ts';
import { printList } from '../lists/print-list.ts';
import { WAVE_LIST } from '../lists/wave-list.ts';
import { parseId } from '../parse-ids.ts';
import { addMuteCommands } from './mute.ts';
import type { InstanceFilter } from '../sources/read-instances.ts';
import type { Asked, Rows, Source } from '../sources/source.ts';
import { withSource } from '../sources/with-source.ts';

/** `muster accounts` and `muster instances`: what there is. */
export function addInventoryCommands(program: Command, context: CommandContext): void {
  listVerb(
    program,
    'accounts',
    'accounts, how they were last read, and what became of their hosts',
    ACCOUNT_LIST,
    ['muster accounts --sort -failed,-lost --limit 20', 'muster accounts -o csv > accounts.csv'],
  ).action((options: ListOptions) =>
    showList(context, ACCOUNT_LIST, options, (source, asked) => source.accounts(asked)),
  );
  listVerb(program, 'instances', 'list instances and where they stand', INSTANCE_LIST, [
    'muster instances --state failed --cause host-disk-full',
    'muster instances --account 111122223333 --sort -since --fields instanceId,state,since',
    'muster instances --state failed -o csv > failed.csv',
  ])
    .option('--state <state>', 'only in this state')
    .option('--account <id>', 'only in this account')
    .option('--region <region>', 'only in this region')
    .option('--cause <cause>', 'only with this cause')
    .action((options: ListOptions & FilterOptions) => {
      const filter = filterOf(options);
      return showList(context, INSTANCE_LIST, options, (source, asked) => source.instances(filter, asked));
    });
}

/** `muster coverage` and `muster findings`: what was not read, what should be done, and who must act. */
export function addAttentionCommands(program: Command, context: CommandContext): void {
  listVerb(
    program,
    'coverage',
    'targets that were not read completely, and why; json and csv: all',
    COVERAGE_LIST,
    ['muster coverage', 'muster coverage --sort lastCompleteAt -o csv'],
  ).action(async (options: ListOptions) => {
    const isTable = readListOptions(COVERAGE_LIST, options).format === 'table';
    let total = 0;
    let complete = 0;
    async function* shown(source: Source, asked: Asked): AsyncGenerator<CoverageLine> {
      for await (const line of source.coverage({ ...asked, most: null })) {
        total += 1;
        if (line.status === 'complete') complete += 1;
        if (!isTable || line.status !== 'complete') yield line;
      }
    }
    await showList(context, { ...COVERAGE_LIST, none: '' }, options, shown);
    if (isTable) process.stdout.write(`${complete} of ${total} targets are complete\n`);
  });
  const findings = listVerb(program, 'findings', 'what should be done, and who must act', FINDING_LIST, [
    'muster findings',
    'muster findings --sort -count --fields count,kind,owner,remedy',
  ]).action((options: ListOptions) =>
    showList(context, FINDING_LIST, options, (source, asked) => source.findings(asked)),
  );
  addMuteCommands(findings, context);
}

/** `muster waves`: where each wave of the configuration stands, and what those wait for that have not begun. */
export function addWavesCommand(program: Command, context: CommandContext): void {
  listVerb(program, 'waves', 'where each wave stands, and what it waits for', WAVE_LIST, [
    'muster waves',
  ]).action((options: ListOptions) =>
    withSource(context, async (source) => {
      const waves = await source.waves();
      const request = readListOptions(WAVE_LIST, options);
      await printList(WAVE_LIST, request, waves, source.now());
      if (request.format !== 'table' || waves.length === 0) return;
      process.stdout.write(`\n${waves.map(standingOf).join('\n')}\n`);
    }),
  );
}

function listVerb<Row>(
  program: Command,
  verb: string,
  description: string,
  list: List<Row>,
  examples: readonly string[],
): Command {
  const command = program.command(verb).description(description);
  return withListOptions(command, list).addHelpText('after', examplesText(...examples));
}

async function showList<Row extends object>(
  context: CommandContext,
  list: List<Row>,
  options: ListOptions,
  rows: (source: Source, asked: Asked) => Rows<Row>,
): Promise<void> {
  const request = readListOptions(list, options);
  await withSource(context, (source) => {
    const sort = request.sort.map(({ field, down }) => (down ? `-${field}` : field)).join(',');
    // Rows that a reader must sort are all wanted.
    const most = source.isSorted || sort === '' ? request.limit : null;
    const left = source.isSorted ? { ...request, sort: [] } : request;
    return printList(list, left, rows(source, { sort, most }), source.now());
  });
}

interface FilterOptions {
  readonly state?: string;
  readonly account?: string;
  readonly region?: string;
  readonly cause?: string;
}

function filterOf({ state, account, region, cause }: FilterOptions): InstanceFilter {
  return {
    state: state ?? null,
    accountId: account === undefined ? null : parseId('account', account),
    region: region === undefined ? null : parseId('region', region),
    cause: cause ?? null,
  };
}

function standingOf({ name, why, waitsFor }: WaveView): string {
  if (why === null) return terminalLine(`${name}: has begun`);
  return terminalLine(`${name}: ${waitsFor === 'approval' ? 'waits for approval' : 'waits'}: ${why}`);
}
