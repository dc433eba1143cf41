import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { runProgram } from '@muster/testing/supervised-process';
import { afterEach, expect, test } from 'vitest';

let system: MusterSystem;
afterEach(() => system.close());

function accountsIn(text: string): readonly string[] {
  return [...text.matchAll(/- aws_account: "(\d{12})"/g)].map((match) => match[1] ?? '').toSorted();
}

test('a token that lists accounts keeps in step with the organization, and is never written from half a list', async () => {
  system = await startSystem({
    schedulers: 0,
    workers: 0,
    world: { accounts: 3, regions: 1, instances: 9 },
    teleport: { tokens: [] },
    config: { muster: { limits: { hold_first_send: true } } },
  });
  const file = join(system.folder, 'token.yaml');
  const early = await system.cli('token', '--file', file);
  expect(early).toMatchObject({ code: 1, stderr: 'nothing was read yet: run muster sweep --wait first\n' });

  system.start('scheduler');
  system.start('worker');
  await eventually('everything is read', async () => (await system.status()).sweep.verdict === 'complete');
  const written = await system.cli('token', '--file', file);
  const again = await system.cli('token', '--file', file);
  const tctl = await runProgram([system.facts.tctl, 'create', '-f', file], { env: system.env });
  await system.cli('resume', '--all');
  await system.settled();

  expect([written.code, again.stdout, tctl.code]).toEqual([0, `same     ${file}\n`, 0]);
  const ids = system.aws.world.accounts.map(({ id }) => id);
  expect(accountsIn(readFileSync(file, 'utf8'))).toEqual(ids.toSorted());
  expect(system.report().joined).toBe(9);

  const pipe = join(system.folder, 'pipe');
  execFileSync('sh', ['-c', 'mkfifo "$0"', pipe]);
  expect(await system.cli('token', '--file', pipe)).toMatchObject({
    code: 1,
    stderr: `--file ${pipe}: is not a plain file, and is left as it is\n`,
  });

  const link = join(system.folder, 'link.yaml');
  writeFileSync(join(system.folder, 'victim'), 'precious');
  symlinkSync(join(system.folder, 'victim'), link);
  expect(await system.cli('token', '--file', link)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is a symbolic link, and is not followed'),
  });
  expect(readFileSync(join(system.folder, 'victim'), 'utf8')).toBe('precious');

  await system.aws.change({ op: 'add-account', account: { id: '999988887777' } });
  expect(await system.cli('sweep', '--wait')).toMatchObject({ code: 0 });
  await eventually('the new account is listed', async () =>
    accountsIn((await system.cli('token')).stdout).includes('999988887777'),
  );

  writeFileSync(file, 'as it was');
  await system.aws.change({ op: 'add-fault', fault: { kind: 'deny', apis: ['organizations:*'] } });
  await system.cli('sweep', '--wait');
  await eventually('the listing has failed', async () =>
    (await system.status()).findings.some(({ kind }) => kind === 'account-list-failed'),
  );
  const refused = await system.cli('token', '--file', file);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('could not be listed') });
  expect(readFileSync(file, 'utf8')).toBe('as it was');
});
