import type { WorldFile } from '../world/file.ts';

/** What STEPPED_DOCUMENT is called. */
export const STEPPED_DOCUMENT_NAME = 'TeleportDiscoveryInstaller';

/** A document of the oldest schema, whose plugin runs two sets of lines. */
export const PLUGIN_DOCUMENT = JSON.stringify({
  schemaVersion: '1.2',
  description: 'Plugins',
  parameters: { token: { type: 'String', description: 'join token' } },
  runtimeConfig: {
    'aws:runShellScript': {
      properties: [
        {
          id: '0.aws:runShellScript',
          runCommand: [
            'curl -sSLo /tmp/i https://proxy.example.com/webapi/scripts/installer/default-installer',
          ],
        },
        { id: '1.aws:runShellScript', timeoutSeconds: '90', runCommand: ['/bin/sh /tmp/i "{{ token }}"'] },
      ],
    },
  },
});

/** A document with two steps, one of them for another platform. */
export const STEPPED_DOCUMENT = `schemaVersion: '2.2'
description: Two steps
parameters:
  token: { type: String, description: join token }
  scriptName: { type: String, default: default-installer }
  env: { type: String, default: X=1, allowedPattern: '[A-Z_]+=.*' }
mainSteps:
  - name: windowsOnly
    action: aws:runPowerShellScript
    precondition: { StringEquals: [platformType, Windows] }
    inputs: { runCommand: [echo no] }
  - name: downloadContent
    action: aws:downloadContent
    precondition: { StringEquals: [platformType, Linux] }
    inputs:
      sourceType: HTTP
      destinationPath: /tmp/installTeleport.sh
      sourceInfo: '{"url": "https://proxy.example.com/webapi/scripts/installer/{{ scriptName }}"}'
  - name: runShellScript
    action: aws:runShellScript
    precondition: { StringEquals: [platformType, Linux] }
    inputs:
      timeoutSeconds: '300'
      runCommand:
        - export {{ env }}
        - '/bin/sh /tmp/installTeleport.sh "{{ token }}"'
`;

/** Accounts of the conformance world by what is special about them. */
export const ACCOUNTS = {
  management: '100000000001',
  member: '100000000002',
  denied: '100000000003',
  missing: '100000000004',
  wrongId: '100000000005',
  suspended: '100000000006',
  scp: '100000000007',
  optedOut: '100000000008',
  gaps: '100000000009',
  closing: '100000000010',
} as const;

/** A small organization in which everything is to be found that a conformance case needs. */
export const CONFORMANCE_WORLD: WorldFile = {
  name: 'conformance',
  seed: 11,
  regions: ['us-east-1', 'eu-west-1', 'ap-east-1'],
  latency: { visibilityMs: [300, 300], pickupMs: [500, 500], installMs: [1_000, 1_000] },
  limits: { '*': null },
  documents: { [STEPPED_DOCUMENT_NAME]: STEPPED_DOCUMENT },
  accounts: [
    { id: ACCOUNTS.management, name: 'management', instances: [{ region: 'us-east-1' }] },
    {
      id: ACCOUNTS.member,
      name: 'member <&> "quoted"',
      ouPath: 'Workloads/Production',
      tags: { 'cost-center': '1 & 2', owner: '' },
      instances: [
        { id: 'i-00000000000000001', region: 'us-east-1', name: 'web <1> & "co"' },
        { id: 'i-00000000000000002', region: 'us-east-1' },
        { id: 'i-00000000000000003', region: 'us-east-1', platform: 'windows' },
        { id: 'i-00000000000000004', region: 'us-east-1', ssm: null, profile: null },
        { id: 'i-00000000000000005', region: 'us-east-1', state: 'stopped', tags: { env: 'dev' } },
        { id: 'i-00000000000000006', region: 'us-east-1', ssm: { pingStatus: 'ConnectionLost' } },
        { id: 'i-00000000000000007', region: 'us-east-1', state: 'terminated' },
        { region: 'eu-west-1', count: 3 },
      ],
    },
    { id: ACCOUNTS.denied, ouPath: 'Workloads', role: 'denied' },
    { id: ACCOUNTS.missing, ouPath: 'Workloads', role: 'missing' },
    { id: ACCOUNTS.wrongId, ouPath: 'Workloads', role: 'wrong-external-id' },
    { id: ACCOUNTS.suspended, ouPath: 'Suspended', state: 'SUSPENDED' },
    {
      id: ACCOUNTS.scp,
      ouPath: 'Workloads',
      deniedRegions: ['eu-west-1'],
      instances: [{ id: 'i-00000000000000008', region: 'us-east-1' }],
    },
    { id: ACCOUNTS.optedOut, ouPath: 'Workloads', regions: { 'ap-east-1': 'DISABLED' } },
    {
      id: ACCOUNTS.gaps,
      ouPath: 'Workloads',
      deniedActions: ['ec2:DescribeInstances', 'ssm:SendCommand', 'account:ListRegions'],
    },
    { id: ACCOUNTS.closing, ouPath: 'Workloads', state: 'PENDING_CLOSURE' },
  ],
};
