/**
 * `npm run test:live`: asks a real account and a real cluster what the simulators are asked by their tests, and tells where
 * they differ. Only calls that look; only what is named. Exit code 0: alike, 2: there are differences, 64: usage, 78: the
 * credentials are of another account, 1: could not be asked.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { READ_ONLY_APIS } from '@muster/aws-sim/conformance/read-only';
import { askCluster, compareClusters, isRefusal, recordOf, TCTL_CALLS } from './ask-teleport.ts';
import { checkAws } from './check-aws.ts';
import type { Difference } from './compare-answers.ts';
import { type LiveOptions, readLiveOptions, USAGE } from './read-options.ts';
import { createRedactor, type Redactor } from './redact.ts';
import { askSimulatedCluster } from './simulators.ts';

const EXIT = { alike: 0, failed: 1, different: 2, usage: 64, config: 78 } as const;

/** What a run leaves behind. */
interface LiveRecord {
  readonly madeAt: string;
  readonly node: string;
  aws?: object;
  teleport?: object;
  differences: readonly string[];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

function sentenceOf({ api, kind, text }: Difference): string {
  return `${api} · ${kind} · ${text}`;
}

async function run(options: LiveOptions): Promise<number> {
  const redactor = createRedactor(randomBytes(32));
  const record: LiveRecord = {
    madeAt: new Date().toISOString().slice(0, 10),
    node: process.version,
    differences: [],
  };
  const differences: Difference[] = [];
  if (options.aws !== null) {
    const found = await checkAws(options.aws, redactor, progress);
    if ('otherAccountId' in found) {
      progress(
        `The credentials are of the account ${found.otherAccountId}, not of ${options.aws.accountId}: nothing was asked.`,
      );
      return EXIT.config;
    }
    const { differences: some, ...rest } = found;
    differences.push(...some);
    record.aws = { partition: partitionOf(options.aws.region), ...rest };
    print(`AWS: ${rest.answers.length} calls compared, ${Object.keys(rest.notAsked).length} not asked`);
    if (rest.notPermitted.length > 0) {
      print(`not permitted to these credentials: ${rest.notPermitted.join(', ')}`);
    }
  }
  if (options.teleport !== null) {
    record.teleport = await checkTeleport(options.teleport, redactor, differences);
  }
  record.differences = differences.map(sentenceOf);
  mkdirSync(options.folder, { recursive: true });
  const file = join(options.folder, 'record.json');
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
  for (const sentence of record.differences) print(sentence);
  print(`${differences.length} differences; ${file} is the record, without names and ids`);
  return differences.length === 0 ? EXIT.alike : EXIT.different;
}

async function checkTeleport(
  access: NonNullable<LiveOptions['teleport']>,
  redactor: Redactor,
  differences: Difference[],
): Promise<object> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => ['PATH', 'HOME', 'TELEPORT_SIM_URL'].includes(name)),
  );
  const real = await askCluster({ ...access, env });
  const simulated = await askSimulatedCluster(access.tctl !== null);
  differences.push(...compareClusters(real, simulated));
  print(`Teleport: ${real.length} questions compared`);
  return {
    answers: real.map((answer) => recordOf(answer, redactor)),
    refused: real.filter(isRefusal).map(({ question }) => question),
  };
}

function partitionOf(region: string): string {
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return region.startsWith('cn-') ? 'aws-cn' : 'aws';
}

const asked = readLiveOptions(process.argv.slice(2));
if (asked.kind === 'help') print(USAGE);
else if (asked.kind === 'list') {
  for (const api of READ_ONLY_APIS) print(api);
  print('sts:AssumeRole (of the role that --role-arn names, and no other)');
  for (const call of TCTL_CALLS) print(`tctl ${call.join(' ')}`);
} else if (asked.kind === 'faults') {
  progress([...asked.faults, USAGE].join('\n'));
  process.exitCode = EXIT.usage;
} else {
  try {
    process.exitCode = await run(asked.options);
  } catch (error) {
    progress(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    process.exitCode = EXIT.failed;
  }
}
