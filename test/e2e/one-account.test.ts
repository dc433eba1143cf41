import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PolicyDocument } from '@muster/aws-sim/iam/policy';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { refereeFaults } from '@muster/testing/referee';
import { runProgram } from '@muster/testing/supervised-process';
import { afterEach, expect, test } from 'vitest';
import { blocksOf, readGuide } from '../repo/guide-blocks.ts';

const HOSTS = 6;

let system: MusterSystem;
afterEach(() => system.close());

/** A block of the page, by how it begins. */
function block(start: string): string {
  const found = blocksOf(readGuide('one-account.md')).find(({ text }) => text.startsWith(start));
  if (found === undefined) throw new Error(`the page has no block that begins with ${start}`);
  return found.text;
}

test('the page for one account: its token, its policy and its configuration enroll the account', {
  timeout: 120_000,
}, async () => {
  const policy = JSON.parse(block('{')) as PolicyDocument;
  system = await startSystem({
    schedulers: 0,
    workers: 0,
    teleport: { tokens: [] },
    world: {
      world: {
        name: 'one account',
        matchTags: { env: 'prod' },
        accounts: [
          {
            id: '111122223333',
            instances: Array.from({ length: HOSTS }, (_, n) => ({
              region: n % 2 === 0 ? 'eu-west-1' : 'us-east-1',
            })),
          },
        ],
        // The role of the host, which assumes nothing.
        access: {
          discoveryRole: 'muster',
          policies: { discovery: policy, member: policy, memberTrust: policy },
        },
      },
    },
  });
  const token = join(system.folder, 'token.yaml');
  writeFileSync(token, block('# token.yaml\n'));
  writeFileSync(
    system.configFile,
    block('# muster.yaml\n')
      .replace('teleport.example.com:443', system.facts.proxyAddress)
      .replace(/ {4}args: .*\n/, `    command: ${system.facts.tctl}\n`),
  );
  Object.assign(system.env, {
    MUSTER_CONSOLE_LISTEN: '127.0.0.1:0',
    MUSTER_WORKER_LISTEN: '127.0.0.1:0',
  });

  const steps = [
    await system.cli('config', 'check'),
    await runProgram([system.facts.tctl, 'create', '-f', token], { env: system.env }),
    await system.cli('doctor', '--local'),
    await system.cli('plan', '--local'),
    await system.cli('resume', '--all'),
  ];
  const run = await system.cli('run', '--once', '--json');

  expect(steps.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0, 0, 0, 0]);
  const status = JSON.parse(run.stdout.trimEnd().split('\n').at(-1) ?? '') as Parameters<
    typeof refereeFaults
  >[1];
  expect([run.code, status.instances.byState]).toEqual([0, { joined: HOSTS }]);
  expect(refereeFaults(system.report(), status)).toEqual([]);
  expect(system.report().calls['sts:AssumeRole']).toBeUndefined();
});
