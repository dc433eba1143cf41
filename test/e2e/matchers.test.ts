import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { organizationMatcher } from '@muster/testing/system-config';
import { afterEach, expect, test } from 'vitest';
import { listCommands } from './simulated-commands.ts';

let system: MusterSystem;

afterEach(() => system.close());

/** As the guide has it made in every account and region. */
const DOCUMENT = `schemaVersion: '2.2'
description: aws:runShellScript
parameters:
  token: { type: String, description: '(Required) The Teleport invite token to use when joining the cluster.' }
  scriptName: { type: String, description: '(Required) The Teleport installer script to use.' }
  env: { type: String, description: 'Environment variables.', default: X=1 }
mainSteps:
  - action: aws:downloadContent
    name: downloadContent
    inputs:
      sourceType: HTTP
      destinationPath: /tmp/installTeleport.sh
      sourceInfo: '{"url": "https://proxy.example.com:443/webapi/scripts/installer/{{ scriptName }}"}'
  - action: aws:runShellScript
    name: runShellScript
    inputs:
      timeoutSeconds: '300'
      runCommand:
        - export {{ env }}
        - '/bin/sh /tmp/installTeleport.sh "{{ token }}"'
`;

test('a matcher with a document of its own sends that document its parameters', async () => {
  system = await startSystem({
    world: { settings: { documents: new Map([['TeleportDiscoveryInstaller', DOCUMENT]]) } },
    config: (facts) => ({
      discovery_service: {
        aws: [{ ...organizationMatcher(facts), ssm: { document_name: 'TeleportDiscoveryInstaller' } }],
      },
    }),
  });

  const status = await system.judged();

  expect(status.instances.byState).toEqual({ joined: status.instances.total });
  const [command] = await listCommands(system);
  expect(command).toMatchObject({
    documentName: 'TeleportDiscoveryInstaller',
    parameters: { token: [system.facts.joinToken], scriptName: ['default-installer'] },
  });
});

test('instances that two matchers want get one command, from the first in the file', async () => {
  system = await startSystem({
    workers: 2,
    config: (facts) => ({
      discovery_service: {
        aws: [
          organizationMatcher(facts),
          { ...organizationMatcher(facts), tags: { '*': '*' }, install: { script_name: 'other' } },
        ],
      },
    }),
  });

  const status = await system.judged();

  expect(system.report().installs.perInstance).toEqual({ 0: 0, 1: status.instances.total });
  const texts = (await listCommands(system)).map((command) => JSON.stringify(command.parameters));
  expect(texts.filter((text) => text.includes('/installer/other'))).toEqual([]);
});

test('a matcher for one account reads that account alone', async () => {
  const region = 'us-east-1';
  system = await startSystem({
    world: { accounts: 3, regions: 1, instances: 30 },
    schedulers: 0,
    workers: 0,
  });
  const accountId = system.aws.world.accounts[2]?.id ?? '';
  const { organization: _, assume_role_name: __, ...matcher } = organizationMatcher(system.facts);
  const assume_role_arn = `arn:aws:iam::${accountId}:role/${system.facts.roleName}`;
  system.configure({ discovery_service: { aws: [{ ...matcher, assume_role_arn, regions: [region] }] } });
  system.start('scheduler');
  system.start('worker');

  const status = await system.settled();

  expect(status.sweep).toMatchObject({ verdict: 'complete', accounts: { total: 1 }, targets: { total: 1 } });
  expect(status.instances.byState).toEqual({ joined: status.instances.total });
  expect(status.instances.total).toBe(system.report().joined);
  expect(new Set((await listCommands(system)).map((command) => command.account))).toEqual(
    new Set([accountId]),
  );
  expect(system.report().calls['organizations:ListAccounts']).toBeUndefined();
  await eventually('nothing is left open', () => system.report().commands.live === 0);
});
