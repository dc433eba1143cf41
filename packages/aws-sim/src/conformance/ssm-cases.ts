import {
  CancelCommandCommand,
  CreateDocumentCommand,
  type CreateDocumentCommandInput,
  DescribeDocumentCommand,
  DescribeInstanceInformationCommand,
  type DescribeInstanceInformationCommandInput,
  GetDocumentCommand,
} from '@aws-sdk/client-ssm';
import { type CaseDetails, type ConformanceCase, type ConformanceIds, INVALID, OK } from './case.ts';
import { PLUGIN_DOCUMENT, STEPPED_DOCUMENT } from './conformance-world.ts';

type NodesInput =
  | DescribeInstanceInformationCommandInput
  | ((ids: ConformanceIds) => DescribeInstanceInformationCommandInput);

function nodes(
  behavior: string,
  source: ConformanceCase['source'],
  input: NodesInput,
  expect: ConformanceCase['expect'],
  more: CaseDetails = {},
): ConformanceCase {
  return {
    api: 'ssm:DescribeInstanceInformation',
    behavior,
    source,
    call: ({ ssm }, ids) =>
      ssm.send(new DescribeInstanceInformationCommand(typeof input === 'function' ? input(ids) : input)),
    expect,
    ...more,
  };
}

const linux = (digit: number): string => `i-0000000000000000${digit}`;
const filter = (Key: string, Values: string[]): DescribeInstanceInformationCommandInput => ({
  Filters: [{ Key, Values }],
});

/** SSM: managed nodes. */
export const NODE_CASES: readonly ConformanceCase[] = [
  nodes('valid: stopped, terminated and unregistered ones are absent', 'docs', {}, OK, {
    output: {
      InstanceInformationList: [
        { InstanceId: linux(1), PingStatus: 'Online', PlatformType: 'Linux', ResourceType: 'EC2Instance' },
        { InstanceId: linux(2) },
        { InstanceId: linux(3), PlatformType: 'Windows' },
        { InstanceId: linux(6), PingStatus: 'ConnectionLost' },
      ],
    },
  }),
  nodes('filter by ids', 'docs', (ids) => filter('InstanceIds', [ids.second]), OK, {
    output: { InstanceInformationList: [{ InstanceId: linux(2) }] },
  }),
  nodes('filter by ping status', 'docs', filter('PingStatus', ['ConnectionLost']), OK, {
    output: { InstanceInformationList: [{ InstanceId: linux(6) }] },
  }),
  nodes('filter by platform', 'docs', filter('PlatformTypes', ['Windows']), OK, {
    output: { InstanceInformationList: [{ InstanceId: linux(3) }] },
  }),
  nodes('filter by tag', 'docs', filter('tag:Name', ['web <1> & "co"']), OK, {
    output: { InstanceInformationList: [{ InstanceId: linux(1) }] },
  }),
  nodes(
    'the old filter list',
    'model',
    { InstanceInformationFilterList: [{ key: 'PlatformTypes', valueSet: ['Windows'] }] },
    OK,
    {
      output: { InstanceInformationList: [{ InstanceId: linux(3) }] },
    },
  ),
  nodes('MaxResults below 5', 'model', { MaxResults: 4 }, INVALID, {
    message: /'4' at 'maxResults' .* greater than or equal to 5$/u,
  }),
  nodes('MaxResults above 50', 'model', { MaxResults: 51 }, INVALID, {
    message: /less than or equal to 50/u,
  }),
  nodes('filter without values', 'model', filter('PingStatus', []), INVALID, {
    message: /greater than or equal to 1/u,
  }),
  nodes(
    'filter with 101 values',
    'model',
    filter(
      'PingStatus',
      Array.from({ length: 101 }, () => 'Online'),
    ),
    INVALID,
  ),
  nodes('a ping status there is not', 'model', filter('PingStatus', ['Offline']), [
    'InvalidInstanceInformationFilterValue',
    400,
  ]),
  nodes('a platform there is not', 'model', filter('PlatformTypes', ['BeOS']), [
    'InvalidInstanceInformationFilterValue',
    400,
  ]),
  nodes(
    'unknown key in the old filter list',
    'model',
    { InstanceInformationFilterList: [{ key: 'Color' as 'PingStatus', valueSet: ['red'] }] },
    INVALID,
    { message: /at 'instanceInformationFilterList\.1\.member\.key' .*enum value set/u },
  ),
  nodes('filter by kind of resource', 'docs', filter('ResourceType', ['ManagedInstance']), OK, {
    output: { InstanceInformationList: [] },
  }),
  nodes('unknown filter', 'model', filter('Color', ['red']), ['InvalidFilterKey', 400]),
  nodes('unknown filter that every object has', 'model', filter('__proto__', ['red']), [
    'InvalidFilterKey',
    400,
  ]),
  nodes(
    'tags with other filters',
    'docs',
    {
      Filters: [
        { Key: 'tag:env', Values: ['prod'] },
        { Key: 'PingStatus', Values: ['Online'] },
      ],
    },
    ['InvalidFilterKey', 400],
  ),
  nodes(
    'both filter lists',
    'docs',
    {
      ...filter('PingStatus', ['Online']),
      InstanceInformationFilterList: [{ key: 'PingStatus', valueSet: ['Online'] }],
    },
    INVALID,
  ),
  nodes(
    "another account's id",
    'docs',
    (ids) => filter('InstanceIds', [ids.foreign]),
    ['InvalidInstanceId', 400],
    { message: /i-00000000000000008/u },
  ),
  nodes('bad token', 'model', { NextToken: 'x' }, ['InvalidNextToken', 400]),
  nodes('region denied by a service control policy', 'docs', {}, ['AccessDeniedException', 400], {
    as: 'scp',
    region: 'eu-west-1',
    message: /with an explicit deny in a service control policy$/u,
  }),
  nodes('region not enabled', 'observed', {}, ['UnrecognizedClientException', 400], {
    region: 'me-south-1',
    message: /^The security token included in the request is invalid\.$/u,
  }),
  nodes('discovery principal has no SSM', 'docs', {}, ['AccessDeniedException', 400], { as: 'discovery' }),
  nodes('wrong secret', 'docs', {}, ['InvalidSignatureException', 400], { as: 'wrong-secret' }),
  nodes('unknown key', 'docs', {}, ['UnrecognizedClientException', 400], { as: 'unknown-key' }),
];

const NEW_DOCUMENT: CreateDocumentCommandInput = {
  Name: 'Fresh',
  Content: STEPPED_DOCUMENT,
  DocumentFormat: 'YAML',
  DocumentType: 'Command',
};

function create(
  behavior: string,
  over: Partial<CreateDocumentCommandInput>,
  expect: ConformanceCase['expect'],
  output?: object,
): ConformanceCase {
  return {
    api: 'ssm:CreateDocument',
    behavior,
    source: 'model',
    call: ({ ssm }) => ssm.send(new CreateDocumentCommand({ ...NEW_DOCUMENT, ...over })),
    expect,
    ...(output === undefined ? {} : { output }),
  };
}

/** SSM: documents and settings. */
export const DOCUMENT_CASES: readonly ConformanceCase[] = [
  create('valid', {}, OK, {
    DocumentDescription: { Name: 'Fresh', Status: 'Creating', SchemaVersion: '2.2' },
  }),
  create(
    'valid: schema 1.2, as Amazon writes its own',
    { Name: 'Old', Content: PLUGIN_DOCUMENT, DocumentFormat: 'JSON' },
    OK,
    {
      DocumentDescription: { Name: 'Old', SchemaVersion: '1.2', PlatformTypes: ['Linux', 'MacOS'] },
    },
  ),
  create(
    'schema 1.2 with steps instead of plugins',
    { Name: 'Broken', Content: STEPPED_DOCUMENT.replace('2.2', '1.2') },
    ['InvalidDocumentContent', 400],
  ),
  create(
    'schema 2.2 with plugins instead of steps',
    { Name: 'Broken', Content: PLUGIN_DOCUMENT.replace('1.2', '2.2'), DocumentFormat: 'JSON' },
    ['InvalidDocumentContent', 400],
  ),
  create('name taken', { Name: 'TeleportDiscoveryInstaller' }, ['DocumentAlreadyExists', 400]),
  create("name of Amazon's kind", { Name: 'AWS-Mine' }, INVALID),
  create('name too short', { Name: 'ab' }, INVALID),
  create('content is not YAML', { Name: 'Broken', Content: '{' }, ['InvalidDocumentContent', 400]),
  create('content without steps', { Name: 'Broken', Content: 'schemaVersion: "2.2"' }, [
    'InvalidDocumentContent',
    400,
  ]),
  create('unknown schema version', { Name: 'Broken', Content: STEPPED_DOCUMENT.replace('2.2', '9.9') }, [
    'InvalidDocumentSchemaVersion',
    400,
  ]),
  create('above 64 KB', { Name: 'Broken', Content: `${STEPPED_DOCUMENT}#${'x'.repeat(66_000)}` }, [
    'MaxDocumentSizeExceeded',
    400,
  ]),
  {
    api: 'ssm:DescribeDocument',
    behavior: "valid: Amazon's own",
    source: 'model',
    call: ({ ssm }) => ssm.send(new DescribeDocumentCommand({ Name: 'AWS-RunShellScript' })),
    expect: OK,
    output: { Document: { Owner: 'Amazon', PlatformTypes: ['Linux', 'MacOS'], Status: 'Active' } },
  },
  {
    api: 'ssm:DescribeDocument',
    behavior: 'valid: by ARN',
    source: 'docs',
    inWorldOnly: true,
    call: ({ ssm }) =>
      ssm.send(
        new DescribeDocumentCommand({
          Name: 'arn:aws:ssm:us-east-1:100000000002:document/TeleportDiscoveryInstaller',
        }),
      ),
    expect: OK,
    output: { Document: { Owner: '100000000002' } },
  },
  {
    api: 'ssm:DescribeDocument',
    behavior: 'not there',
    source: 'model',
    call: ({ ssm }) => ssm.send(new DescribeDocumentCommand({ Name: 'Missing' })),
    expect: ['InvalidDocument', 400],
  },
  {
    api: 'ssm:DescribeDocument',
    behavior: 'Name missing',
    source: 'model',
    call: ({ ssm }) => ssm.send(new DescribeDocumentCommand({ Name: undefined })),
    expect: INVALID,
  },
  {
    api: 'ssm:GetDocument',
    behavior: 'unknown format',
    source: 'model',
    call: ({ ssm }) =>
      ssm.send(new GetDocumentCommand({ Name: 'AWS-RunShellScript', DocumentFormat: 'XML' as 'JSON' })),
    expect: INVALID,
  },
  {
    api: 'ssm:GetDocument',
    behavior: 'Name malformed',
    source: 'model',
    call: ({ ssm }) => ssm.send(new GetDocumentCommand({ Name: 'a b' })),
    expect: INVALID,
  },
  {
    api: 'ssm:DescribeDocument',
    behavior: 'no such version',
    source: 'model',
    call: ({ ssm }) =>
      ssm.send(new DescribeDocumentCommand({ Name: 'AWS-RunShellScript', DocumentVersion: '9' })),
    expect: ['InvalidDocumentVersion', 400],
  },
  {
    api: 'ssm:GetDocument',
    behavior: 'valid',
    source: 'model',
    inWorldOnly: true,
    call: ({ ssm }) => ssm.send(new GetDocumentCommand({ Name: 'TeleportDiscoveryInstaller' })),
    expect: OK,
    output: { Content: STEPPED_DOCUMENT, DocumentFormat: 'YAML' },
  },
  {
    api: 'ssm:GetDocument',
    behavior: 'not there',
    source: 'model',
    call: ({ ssm }) => ssm.send(new GetDocumentCommand({ Name: 'Missing' })),
    expect: ['InvalidDocument', 400],
  },
];

function cancel(
  behavior: string,
  CommandId: string | ((ids: ConformanceIds) => string),
  InstanceIds: string[] | undefined,
  expect: ConformanceCase['expect'],
): ConformanceCase {
  return {
    api: 'ssm:CancelCommand',
    behavior,
    source: 'model',
    call: ({ ssm }, ids) =>
      ssm.send(
        new CancelCommandCommand({
          CommandId: typeof CommandId === 'function' ? CommandId(ids) : CommandId,
          InstanceIds,
        }),
      ),
    expect,
  };
}

const NO_COMMAND = '00000000-0000-4000-8000-000000000000';

/** SSM: canceling. */
export const CANCEL_CASES: readonly ConformanceCase[] = [
  cancel('what is over: nothing happens', (ids) => ids.commandId, undefined, OK),
  cancel('no such command', NO_COMMAND, undefined, ['InvalidCommandId', 400]),
  cancel(
    '51 instances',
    (ids) => ids.commandId,
    Array.from({ length: 51 }, (_, i) => `i-${String(i).padStart(17, '0')}`),
    INVALID,
  ),
  cancel('malformed instance id', (ids) => ids.commandId, ['i-1'], INVALID),
  cancel('id of the wrong length', 'x', undefined, INVALID),
  cancel(
    'instance that is not part of it',
    (ids) => ids.commandId,
    ['i-00000000000000002'],
    ['InvalidInstanceId', 400],
  ),
  cancel('an instance twice', (ids) => ids.commandId, [linux(1), linux(1)], ['DuplicateInstanceId', 400]),
];
