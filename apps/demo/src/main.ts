import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { WorldFileError } from '@muster/aws-sim/world/file';
import { guardOutput } from '@muster/cli/guarded-output';
import { demo } from './demo.ts';
import { type DemoOptions, parseOptions } from './options.ts';

const USAGE = 64;

guardOutput(process);
process.exitCode = await main(parseOptions(process.argv.slice(2)));

async function main(options: DemoOptions): Promise<number> {
  const fault = reportFault(options.report);
  if (fault !== null) return fail(USAGE, `--report ${options.report}: ${fault}`);
  try {
    return await demo(options);
  } catch (error) {
    if (error instanceof WorldFileError) return fail(USAGE, error.message);
    throw error;
  }
}

/** Known before the run, not after it. */
function reportFault(report: string | null): string | null {
  if (report === null) return null;
  if (statSync(report, { throwIfNoEntry: false })?.isDirectory() === true) return 'is a directory';
  try {
    accessSync(dirname(report), constants.W_OK);
    return null;
  } catch {
    return `${dirname(report)} is not a folder that can be written to`;
  }
}

function fail(code: number, message: string): number {
  process.stderr.write(`${message}\n`);
  return code;
}
