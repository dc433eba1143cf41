import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { AwsSim } from '../start.ts';
import { DISCOVERY_KEYS, type Keys } from './sdk-clients.ts';

const run = promisify(execFile);

/** The AWS CLI of this machine. */
export interface AwsCli {
  readonly path: string;
  /** `2.9.19` */
  readonly version: string;
}

/** Looks for the AWS CLI (Debian package awscli first); null where it is not installed. */
export function findAwsCli(): AwsCli | null {
  for (const path of ['/usr/bin/aws', '/usr/local/bin/aws', 'aws']) {
    try {
      const text = execFileSync(path, ['--version'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const version = /^aws-cli\/([\d.]+)/u.exec(text)?.[1];
      if (version !== undefined) return { path, version };
    } catch {
      // Not here.
    }
  }
  return null;
}

/** What a run of the CLI gave: its JSON, or what it wrote when it failed. */
export interface CliAnswer {
  readonly exitCode: number;
  readonly output: unknown;
  readonly error: string;
}

/** Runs the CLI against a simulator. */
export async function runAwsCli(
  cli: AwsCli,
  sim: AwsSim,
  args: readonly string[],
  keys: Keys = DISCOVERY_KEYS,
): Promise<CliAnswer> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    ...(keys.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: keys.sessionToken }),
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
  };
  const all = ['--endpoint-url', sim.url, '--output', 'json', ...args];
  try {
    const { stdout } = await run(cli.path, all, { env });
    return { exitCode: 0, output: stdout === '' ? null : (JSON.parse(stdout) as unknown), error: '' };
  } catch (failure) {
    const { code, stderr } = failure as { code?: number; stderr?: string };
    return { exitCode: code ?? -1, output: null, error: stderr ?? String(failure) };
  }
}
