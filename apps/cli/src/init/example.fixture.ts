import { initFiles } from './init-files.ts';
import { type InitOptions, readSettings } from './read-settings.ts';
import type { InitSettings } from './settings.ts';

/** What every example has in common. */
const BASE: InitOptions = {
  organization: 'o-a1b2c3d4e5',
  proxy: 'teleport.example.com:443',
  dir: 'out',
  externalId: 'muster-example',
};

/** Settings from options, as the command reads them. */
export function exampleSettings(
  options: InitOptions = {},
  tokenAccounts: string | null = null,
): InitSettings {
  const surroundings = {
    tokenAccounts,
    externalId: 'muster-random',
    markerKey: '0123456789abcdef'.repeat(4),
    documentName: null,
    readsAccountTags: false,
    removesNodes: false,
  };
  const reading = readSettings({ ...BASE, ...options }, surroundings);
  if (!reading.ok) throw new Error(reading.faults.join('\n'));
  return reading.settings;
}

/** One of every shape that the files take. */
export const EXAMPLES: readonly (readonly [name: string, settings: InitSettings])[] = [
  ['nothing but what is required', exampleSettings()],
  ['a known discovery account', exampleSettings({ discoveryAccount: '111122223333' })],
  [
    'everything',
    exampleSettings(
      {
        discoveryAccount: '111122223333',
        discoveryRole: 'fleet-discovery',
        roleName: 'teleport/discovery',
        document: 'TeleportDiscoveryInstaller',
        region: ['eu-west-1', 'eu-central-1'],
        tag: ['env=prod', 'env=staging', 'team: a=*'],
        accountTag: ['stage=prod', 'stage=pre*'],
        with: ['ssm:GetServiceSetting', 'ssm:CancelCommand'],
      },
      '111122223333\n444455556666',
    ),
  ],
  [
    'GovCloud',
    exampleSettings({
      region: ['us-gov-west-1'],
      discoveryAccount: '111122223333',
      with: ['ssm:GetServiceSetting'],
    }),
  ],
  ['China with a document', exampleSettings({ partition: 'aws-cn', document: 'Installer' })],
  ["Amazon's document", exampleSettings({ document: 'AWS-RunShellScript', tag: ['env=prod'] })],
];

/** The text of one file; throws when it is not written. */
export function fileOf(settings: InitSettings, path: string): string {
  const found = initFiles(settings).find((file) => file.path === path);
  if (found === undefined) throw new Error(`${path} is not written`);
  return found.content;
}
