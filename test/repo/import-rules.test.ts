/** Who may import what: checked by loading for real, and by the lint rules of .oxlintrc.json on planted violations. */
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'node_modules/.bin');
const CLOUD = String.raw`/@(aws-sdk|smithy|aws-crypto)[/+]|/core/src/(aws|teleport)/`;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'muster-imports-'));
  await copyFile(join(ROOT, '.oxlintrc.json'), join(scratch, '.oxlintrc.json'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function plant(path: string, text: string): Promise<string> {
  const file = join(scratch, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

describe('loaded for real', () => {
  async function trace(
    entries: readonly string[],
    forbidden = CLOUD,
  ): Promise<{ loaded: number; chains: string[][] }> {
    const urls = entries.map((file) => pathToFileURL(file).href);
    const { stdout } = await run(join(BIN, 'node'), [
      fileURLToPath(new URL('./trace-imports.ts', import.meta.url)),
      forbidden,
      ...urls,
    ]);
    return JSON.parse(stdout) as { loaded: number; chains: string[][] };
  }

  test('the scheduler loads no AWS SDK and no adapter of AWS or Teleport', { timeout: 60_000 }, async () => {
    const files = globSync('apps/scheduler/src/**/*.ts', { cwd: ROOT });
    const sources = files
      .filter((file) => !/\.(test|fixture)\.ts$/.test(file))
      .map((file) => join(ROOT, file));

    const { loaded, chains } = await trace(sources);

    expect(chains.map((chain) => chain.join('\n  → '))).toEqual([]);
    // A check that looked at nothing would be green too.
    expect(sources.length).toBeGreaterThan(2);
    expect(loaded).toBeGreaterThan(100);
  });

  test('the CLI loads them only for the command that needs them', { timeout: 60_000 }, async () => {
    const commands = globSync('apps/cli/src/commands/*.ts', { cwd: ROOT, exclude: ['**/*.test.ts'] });
    const files = ['apps/cli/src/main.ts', ...commands].map((file) => join(ROOT, file));

    const { loaded, chains } = await trace(files);

    expect(chains.map((chain) => chain.join('\n  → '))).toEqual([]);
    expect(loaded).toBeGreaterThan(20);
  });

  test('the CLI loads a command only when it is asked for', { timeout: 60_000 }, async () => {
    const { chains } = await trace([join(ROOT, 'apps/cli/src/main.ts')], '/cli/src/commands/');

    expect(chains).toEqual([]);
  });

  test('neither process loads the SDK of OpenTelemetry, nor what makes logs pretty, before it is asked for', {
    timeout: 60_000,
  }, async () => {
    const files = [
      'apps/scheduler/src/start-scheduler.ts',
      'apps/worker/src/start-worker.ts',
      'apps/cli/src/run-process.ts',
    ];

    const { loaded, chains } = await trace(
      files.map((file) => join(ROOT, file)),
      // Its API alone comes with prom-client.
      String.raw`/@opentelemetry[/+](sdk|exporter|resources|otlp)|/pino-pretty[/@]|otel-tracing`,
    );

    expect(chains.map((chain) => chain.join('\n  → '))).toEqual([]);
    expect(loaded).toBeGreaterThan(100);
  });

  test('the scheduler loads what few ask for with the first who does: Bull Board, single sign-on, mail, the OpenAPI document', {
    timeout: 60_000,
  }, async () => {
    const { loaded, chains } = await trace(
      [join(ROOT, 'apps/scheduler/src/start-scheduler.ts')],
      String.raw`/node_modules/(@bull-board|openid-client|nodemailer|zod-openapi)/`,
    );

    expect(chains.map((chain) => chain.join('\n  → '))).toEqual([]);
    expect(loaded).toBeGreaterThan(100);
  });

  test('an SDK that comes in by a detour is seen, with the way it came', async () => {
    const adapter = pathToFileURL(join(ROOT, 'packages/core/src/aws/partition.ts')).href;
    await plant('detour.ts', `export * from ${JSON.stringify(adapter)};`);
    const entry = await plant('entry.ts', "await import('./detour.ts');");

    const { chains } = await trace([entry]);

    expect(chains).toHaveLength(1);
    expect(chains[0]?.map((url) => url.replace(/^.*\//, ''))).toEqual([
      'entry.ts',
      'detour.ts',
      'partition.ts',
    ]);
  });

  test('the SDK itself is seen', async () => {
    const sessions = join(ROOT, 'packages/core/src/aws/clients.ts');

    const { chains } = await trace([sessions]);

    expect(chains.some((chain) => chain.at(-1)?.includes('@aws-sdk/client-ec2'))).toBe(true);
  });
});

/** Where a planted import must be refused, in whatever form it comes. */
const REFUSED: readonly (readonly [path: string, specifier: string])[] = [
  ['apps/scheduler/src/x.ts', '@aws-sdk/client-ssm'],
  ['apps/scheduler/src/console/x.ts', '@muster/core/aws/adapter'],
  ['apps/scheduler/src/x.ts', '@muster/core/teleport/adapter'],
  ['apps/scheduler/src/x.ts', '../../../packages/core/src/aws/adapter.ts'],
  ['apps/worker/src/x.ts', '@aws-sdk/client-ssm'],
  ['apps/worker/src/x.ts', 'bullmq'],
  ['apps/worker/src/scan/x.ts', '@muster/core/aws/adapter'],
  ['apps/worker/src/scan/x.ts', '@muster/core/control/ledger'],
  ['apps/worker/src/scan/x.ts', 'ioredis'],
  ['apps/cli/src/x.ts', '@smithy/types'],
  ['apps/demo/src/x.ts', 'ioredis'],
  ['packages/core/src/enrollment/x.ts', 'node:crypto'],
  ['packages/core/src/enrollment/x.ts', 'pino'],
  ['packages/core/src/scan/x.ts', '../aws/adapter.ts'],
  ['packages/core/src/reports/doctor/x.ts', '../../runtime/clock.ts'],
  ['packages/core/src/jobs/x.ts', 'ioredis'],
  ['packages/core/src/enrollment/record.ts', 'ioredis'],
  ['packages/core/src/aws/x.ts', '../redis/keys.ts'],
  ['packages/core/src/aws/x.ts', 'ioredis'],
  ['packages/core/src/teleport/x.ts', '../aws/adapter.ts'],
  ['packages/core/src/enrollment/enrollment-store.ts', 'bullmq'],
  ['packages/core/src/jobs/queue/x.ts', '../../aws/adapter.ts'],
  ['packages/core/src/redis/x.ts', '../jobs/queue/enqueue.ts'],
  ['packages/core/src/config/x.ts', '@aws-sdk/client-sts'],
  ['packages/aws-sim/src/x.ts', '@muster/core/organization/ids'],
  ['packages/aws-sim/src/x.ts', '../../core/src/organization/ids.ts'],
  ['packages/aws-sim/src/x.ts', '@aws-sdk/client-ssm'],
  ['packages/aws-sim/src/x.test.ts', '@muster/core/organization/ids'],
  ['packages/teleport-sim/src/x.ts', '@muster/core/organization/ids'],
];

const ALLOWED: readonly (readonly [path: string, specifier: string])[] = [
  ['apps/worker/src/start-worker.ts', '@muster/core/aws/adapter'],
  ['apps/scheduler/src/start-scheduler.ts', '@muster/core/control/ledger'],
  ['packages/core/src/aws/x.ts', '@aws-sdk/client-ssm'],
  ['packages/core/src/jobs/queue/x.ts', 'bullmq'],
  ['packages/core/src/enrollment/enrollment-store.ts', 'ioredis'],
  ['packages/core/src/enrollment/x.ts', 'zod'],
  ['packages/core/src/reports/doctor/x.ts', '../../organization/ids.ts'],
  ['packages/core/src/jobs/x.ts', '../organization/ids.ts'],
  ['packages/aws-sim/src/x.int.test.ts', '@aws-sdk/client-ssm'],
  ['packages/core/src/enrollment/x.test.ts', '@muster/testing/builders'],
];

const FORMS: readonly ((specifier: string) => string)[] = [
  (specifier) => `import '${specifier}';`,
  (specifier) => `import type { X } from '${specifier}';`,
  (specifier) => `await import('${specifier}');`,
];

describe('by lint', () => {
  /** File names with how often `no-restricted-imports` complains of them. */
  const complaints = new Map<string, number>();

  /** `apps/x/y.test.ts` and 3 make `apps/x/3-y.test.ts`: one file per import. */
  function numbered(path: string, n: number): string {
    const name = basename(path);
    return join(dirname(path), `${n}-${name}`);
  }

  beforeAll(async () => {
    const cases = [...REFUSED, ...ALLOWED];
    for (const [n, [path, specifier]] of cases.entries()) {
      const text = FORMS.map((form) => form(specifier)).join('\n');
      await plant(numbered(path, n), `${text}\n`);
    }
    const lint = run(join(BIN, 'oxlint'), ['-c', '.oxlintrc.json', '-f', 'json', 'apps', 'packages'], {
      cwd: scratch,
      maxBuffer: 64 * 1024 * 1024,
    });
    const { stdout } = await lint.catch((error: { stdout: string }) => error);
    const { diagnostics, number_of_files: files } = JSON.parse(stdout) as {
      diagnostics: { code: string; filename: string }[];
      number_of_files: number;
    };
    if (files !== cases.length) throw new Error(`${files} files of ${cases.length} were looked at`);
    for (const { code, filename } of diagnostics) {
      if (!code.includes('no-restricted-imports')) continue;
      complaints.set(filename, (complaints.get(filename) ?? 0) + 1);
    }
  }, 60_000);

  test.each(REFUSED.map((one, n) => [...one, n] as const))('%s may not import %s', (path, _specifier, n) => {
    expect(complaints.get(numbered(path, n))).toBe(FORMS.length);
  });

  test.each(ALLOWED.map((one, n) => [...one, REFUSED.length + n] as const))(
    '%s may import %s',
    (path, _specifier, n) => {
      expect(complaints.get(numbered(path, n))).toBeUndefined();
    },
  );
});
