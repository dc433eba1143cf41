import { readFileSync } from 'node:fs';
import { parseConfig, type ParseResult } from '@muster/core/config/parse-config';
import { roleFor } from '@muster/core/scan/matcher';
import { AccountId } from '@muster/core/organization/ids';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { EXAMPLES, exampleSettings, fileOf } from './example.fixture.ts';
import { initFiles } from './init-files.ts';
import type { InitSettings } from './settings.ts';

const KNOWN = exampleSettings({ discoveryAccount: '111122223333' });

/** init's configuration, with the key that it wrote beside. */
function parseMusterYaml(settings: InitSettings): ParseResult {
  return parseConfig(fileOf(settings, 'muster.yaml'), {
    file: 'muster.yaml',
    env: {},
    readFile: (name) => ({ ok: true, text: fileOf(settings, name) }),
  });
}

test('the member role may do what docs/guide lists, and send one document, which is written beside it', () => {
  expect(initFiles(KNOWN).map(({ path }) => path)).toContain('ssm/MusterInstaller.yaml');
  expect(JSON.parse(fileOf(KNOWN, 'iam/member-policy.json'))).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Read',
        Effect: 'Allow',
        Action: [
          'account:ListRegions',
          'ec2:DescribeInstances',
          'ssm:DescribeInstanceInformation',
          'ssm:GetCommandInvocation',
          'ssm:ListCommandInvocations',
        ],
        Resource: '*',
      },
      {
        Sid: 'SendThisDocument',
        Effect: 'Allow',
        Action: ['ssm:SendCommand'],
        Resource: 'arn:aws:ssm:*:*:document/MusterInstaller',
      },
      {
        Sid: 'SendToInstances',
        Effect: 'Allow',
        Action: ['ssm:SendCommand'],
        Resource: 'arn:aws:ec2:*:*:instance/*',
      },
    ],
  });
});

test('a role for instances with tags may send to no others, but lets the doctor ask', () => {
  const settings = exampleSettings({ tag: ['env=prod', 'env=stage-*', 'muster:enroll='] });

  const { Statement } = JSON.parse(fileOf(settings, 'iam/member-policy.json')) as {
    readonly Statement: readonly { readonly Sid: string }[];
  };

  expect(Statement.slice(2)).toEqual([
    {
      Sid: 'SendToInstances',
      Effect: 'Allow',
      Action: ['ssm:SendCommand'],
      Resource: 'arn:aws:ec2:*:*:instance/*',
      Condition: {
        StringLike: { 'ssm:resourceTag/env': ['prod', 'stage-*'], 'ssm:resourceTag/muster:enroll': [''] },
      },
    },
    {
      Sid: 'AskWithNoInstance',
      Effect: 'Allow',
      Action: ['ssm:SendCommand'],
      Resource: 'arn:aws:ec2:*:*:instance/i-00000000000000000',
    },
  ]);
});

test('optional actions are granted where they are asked for, and reading settings for the one setting', () => {
  const settings = exampleSettings({ with: ['ssm:GetServiceSetting', 'ssm:CancelCommand'] });

  const { Statement } = JSON.parse(fileOf(settings, 'iam/member-policy.json')) as {
    readonly Statement: readonly unknown[];
  };

  expect(Statement.slice(3)).toEqual([
    { Sid: 'Optional', Effect: 'Allow', Action: ['ssm:CancelCommand'], Resource: '*' },
    {
      Sid: 'ReadHostManagement',
      Effect: 'Allow',
      Action: ['ssm:GetServiceSetting'],
      Resource: 'arn:aws:ssm:*:*:servicesetting/ssm/managed-instance/default-ec2-instance-management-role',
    },
  ]);
});

test("Amazon's document is the exception, and then nothing is written of a document", () => {
  const settings = exampleSettings({ document: 'AWS-RunShellScript' });

  expect(fileOf(settings, 'iam/member-policy.json')).toContain(
    '"arn:aws:ssm:*::document/AWS-RunShellScript"',
  );
  expect(fileOf(settings, 'README.md')).toContain('can run any command, as root');
  expect(initFiles(settings).filter(({ path }) => path.includes('ssm'))).toEqual([]);
});

test('the member role trusts the discovery role, with external id and organization', () => {
  expect(JSON.parse(fileOf(KNOWN, 'iam/member-trust.json'))).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'DiscoveryRoleOnly',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111122223333:root' },
        Action: ['sts:AssumeRole'],
        Condition: {
          ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/muster-discovery' },
          StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5', 'sts:ExternalId': 'muster-example' },
        },
      },
    ],
  });
});

test('the discovery role sees the organization, and becomes that one role inside it', () => {
  expect(JSON.parse(fileOf(KNOWN, 'iam/discovery-policy.json'))).toMatchObject({
    Statement: [
      {
        Action: [
          'organizations:ListAccountsForParent',
          'organizations:ListChildren',
          'organizations:ListRoots',
        ],
        Resource: '*',
      },
      {
        Action: ['sts:AssumeRole'],
        Resource: 'arn:aws:iam::*:role/teleport-organization-discovery-child-account-role',
        Condition: { StringEquals: { 'aws:ResourceOrgID': 'o-a1b2c3d4e5' } },
      },
    ],
  });
});

test('the token allows the organization', () => {
  expect(fileOf(KNOWN, 'teleport/token.yaml')).toBe(`\
# The join token that instances use. Its name is no secret: a host must prove to AWS where it runs.
#   tctl create -f teleport/token.yaml
kind: token
version: v2
metadata:
  name: aws-discovery-iam-token
spec:
  # Nodes and nothing else.
  roles: [Node]
  join_method: iam
  allow:
    # Every account of the organization. Auth asks AWS whose account it is: iam/auth-policy.json.
    - aws_organization_id: o-a1b2c3d4e5
`);
});

test('the token allows listed accounts instead, and then Auth needs no policy', () => {
  const settings = exampleSettings({}, '444455556666 012345678901');

  const [token] = parseAllDocuments(fileOf(settings, 'teleport/token.yaml'));

  expect(token?.toJS()).toMatchObject({
    spec: { allow: [{ aws_account: '012345678901' }, { aws_account: '444455556666' }] },
  });
  expect(initFiles(settings).map((file) => file.path)).not.toContain('iam/auth-policy.json');
});

test.each(EXAMPLES)('muster.yaml is a configuration without a single note: %s', (_, settings) => {
  const parsed = parseMusterYaml(settings);

  if (!parsed.ok) throw new Error(parsed.faults.map((fault) => fault.message).join('\n'));
  expect(parsed.notes).toEqual([]);
  const [matcher] = parsed.config.matchers;
  expect(matcher).toMatchObject({
    partition: settings.partition,
    organization: { organizationId: settings.organizationId },
    install: { documentName: settings.documentName, publicProxyAddr: settings.proxy },
  });
  expect(matcher?.tags.map((rule) => [rule.key, rule.values])).toEqual([...settings.tags]);
  const { include = [], exclude = [] } = matcher?.accountTags ?? {};
  expect(include.map((rule) => [rule.key, rule.values])).toEqual([...settings.accountTags]);
  expect(exclude).toEqual([]);
  expect(parsed.config.limits.holdFirstSend).toBe(true);
});

/** As far as the test looks into a Deployment. */
interface Deployment {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly [
          { readonly env: readonly { readonly name: string; readonly value: string }[] },
        ];
        readonly volumes: readonly {
          readonly projected?: {
            readonly sources: readonly {
              readonly secret?: { readonly items?: readonly { readonly path: string }[] };
            }[];
          };
        }[];
      };
    };
  };
}

test.each(['scheduler', 'worker'])('kubernetes/muster.yaml runs as it is in the pod of a %s', (process) => {
  const path = `../../../../deploy/kubernetes/base/${process}.yaml`;
  const deployment = parseAllDocuments(readFileSync(new URL(path, import.meta.url), 'utf8'))
    .map((document) => document.toJS() as Deployment)
    .find(({ kind }) => kind === 'Deployment');
  if (deployment === undefined) throw new Error('no Deployment');
  const { containers, volumes } = deployment.spec.template.spec;
  const mounted = new Set(
    volumes
      .flatMap(({ projected }) => projected?.sources ?? [])
      .flatMap(({ secret }) => secret?.items ?? [])
      .map((item) => item.path),
  );
  const read = (file: string): ParseResult =>
    parseConfig(fileOf(KNOWN, file), {
      file,
      env: Object.fromEntries(containers[0].env.map(({ name, value }) => [name, value])),
      // Only what must be there: the Secret muster-files may not be.
      readFile: (name) =>
        mounted.has(name)
          ? { ok: true, text: KNOWN.markerKey }
          : { ok: false, code: 'ENOENT', line: 0, problem: 'does not exist' },
    });

  const inPod = read('kubernetes/muster.yaml');

  if (!inPod.ok) throw new Error(inPod.faults.map((fault) => fault.message).join('\n'));
  expect(inPod.config.redis.url.reveal()).toContain('@muster-redis:6379');
  expect(inPod.config.redis.passwordFile).toMatch(/\/redis-password$/);
  expect(inPod.config.console.usersFile).toBe('users');
  expect(inPod.config.matchers).toHaveLength(1);
  // The other one is for hosts, whose consoles stay on loopback.
  expect(read('muster.yaml').ok).toBe(process === 'worker');
});

test('kubernetes/tbot.yaml is what the sidecar of the manifests has, for this proxy', () => {
  const path = '../../../../deploy/kubernetes/components/tbot-sidecar/tbot.yaml';

  expect(parse(fileOf(KNOWN, 'kubernetes/tbot.yaml'))).toEqual(
    parse(readFileSync(new URL(path, import.meta.url), 'utf8')),
  );
});

test('muster.yaml assumes the role that the templates make', () => {
  const settings = exampleSettings({ roleName: 'teleport/discovery', region: ['us-gov-west-1'] });
  const parsed = parseMusterYaml(settings);
  const matcher = parsed.ok ? parsed.config.matchers[0] : undefined;
  if (matcher === undefined) throw new Error('no matcher');

  expect(roleFor(matcher, AccountId.parse('444455556666'))).toEqual({
    arn: 'arn:aws-us-gov:iam::444455556666:role/teleport/discovery',
    externalId: 'muster-example',
  });
  expect(fileOf(settings, 'iam/discovery-policy.json')).toContain(
    '"arn:aws-us-gov:iam::*:role/teleport/discovery"',
  );
});

test.each(EXAMPLES)('Teleport resources are YAML of known kinds: %s', (_, settings) => {
  const documents = ['teleport/token.yaml', 'teleport/inventory.yaml'].flatMap((path) =>
    parseAllDocuments(fileOf(settings, path)).map(
      (document) => document.toJS() as { kind: string; version: string },
    ),
  );

  expect(documents.map(({ kind, version }) => `${kind} ${version}`)).toEqual([
    'token v2',
    'role v7',
    ...(settings.discoveryAccount === null ? [] : ['token v2']),
  ]);
});

test.each(EXAMPLES)('the same settings give the same bytes: %s', (_, settings) => {
  expect(initFiles(settings)).toEqual(initFiles(structuredClone(settings)));
});

test.each(EXAMPLES)('files end with one line break and hold no stray blanks: %s', (_, settings) => {
  const untidy = initFiles(settings).filter(
    ({ content }) =>
      !/[^\n]\n$/.test(content) || /[ \t]$/m.test(content) || /undefined|\[object|NaN/.test(content),
  );

  expect(untidy).toEqual([]);
});
