import { SendCommandCommand, type SendCommandCommandInput } from '@aws-sdk/client-ssm';
import { type CaseDetails, type ConformanceCase, type FromIds, INVALID, OK } from './case.ts';
import { STEPPED_DOCUMENT_NAME } from './conformance-world.ts';

function send(
  behavior: string,
  source: ConformanceCase['source'],
  over: Partial<SendCommandCommandInput> | FromIds<Partial<SendCommandCommandInput>>,
  expect: ConformanceCase['expect'],
  more: CaseDetails = {},
): ConformanceCase {
  return {
    api: 'ssm:SendCommand',
    behavior,
    source,
    call: ({ ssm }, ids) =>
      ssm.send(
        new SendCommandCommand({
          DocumentName: 'AWS-RunShellScript',
          InstanceIds: [ids.second],
          Parameters: { commands: ['true'] },
          ...(typeof over === 'function' ? over(ids) : over),
        }),
      ),
    expect,
    ...more,
  };
}

/** SSM: sending. */
export const SEND_CASES: readonly ConformanceCase[] = [
  send(
    'valid: the answer knows nothing yet',
    'observed',
    { Comment: 'hello', TimeoutSeconds: 60, Parameters: { commands: ['true'], executionTimeout: ['120'] } },
    OK,
    {
      output: {
        Command: {
          Comment: 'hello',
          Status: 'Pending',
          StatusDetails: 'Pending',
          TargetCount: 0,
          CompletedCount: 0,
          ErrorCount: 0,
          TimeoutSeconds: 60,
          MaxConcurrency: '50',
          MaxErrors: '0',
          OutputS3BucketName: '',
          NotificationConfig: { NotificationArn: '', NotificationEvents: [], NotificationType: '' },
        },
      },
    },
  ),
  send(
    'valid: a host whose connection is lost is accepted',
    'docs',
    (ids) => ({ InstanceIds: [ids.lost] }),
    OK,
  ),
  send('valid: a stopped host is accepted', 'docs', (ids) => ({ InstanceIds: [ids.stopped] }), OK),
  send(
    'valid: by tag, the answer names no instances',
    'docs',
    { InstanceIds: undefined, Targets: [{ Key: 'tag:env', Values: ['prod'] }] },
    OK,
    { output: { Command: { InstanceIds: [] } } },
  ),
  send(
    'valid: targets that match nothing',
    'docs',
    { InstanceIds: undefined, Targets: [{ Key: 'tag:env', Values: ['none'] }] },
    OK,
  ),
  send(
    'valid: the longest run that the document takes',
    'docs',
    { Parameters: { commands: ['true'], executionTimeout: ['172800'] } },
    OK,
  ),
  send(
    'valid: own document',
    'model',
    { DocumentName: STEPPED_DOCUMENT_NAME, Parameters: { token: ['t'] } },
    OK,
  ),
  send(
    'valid: platform misfit by target is not refused',
    'docs',
    (ids) => ({ InstanceIds: undefined, Targets: [{ Key: 'InstanceIds', Values: [ids.windows] }] }),
    OK,
  ),
  send(
    'one bad id fails the whole call and is named',
    'observed',
    (ids) => ({ InstanceIds: [ids.linux, ids.unregistered] }),
    ['InvalidInstanceId', 400],
    { message: /^Instances \[\[i-00000000000000004\]\] not in a valid state for account 100000000002$/u },
  ),
  send(
    'all bad ids are named',
    'observed',
    (ids) => ({ InstanceIds: [ids.unregistered, ids.linux, ids.terminated, ids.foreign] }),
    ['InvalidInstanceId', 400],
    { message: /\[\[i-00000000000000004, i-00000000000000007, i-00000000000000008\]\]/u },
  ),
  send('an id twice', 'model', (ids) => ({ InstanceIds: [ids.linux, ids.linux] }), [
    'DuplicateInstanceId',
    400,
  ]),
  send(
    '51 ids',
    'model',
    { InstanceIds: Array.from({ length: 51 }, (_, i) => `i-${String(i).padStart(17, '0')}`) },
    INVALID,
    {
      message:
        /at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to 50$/u,
    },
  ),
  send('malformed id', 'model', { InstanceIds: ['i-1'] }, INVALID, {
    message:
      /Value '\[i-1\]' at 'instanceIds' failed to satisfy constraint: Member must satisfy constraint: \[Member must satisfy regular expression pattern: /u,
  }),
  send('two alarms', 'model', { AlarmConfiguration: { Alarms: [{ Name: 'a' }, { Name: 'b' }] } }, INVALID, {
    message: /at 'alarmConfiguration\.alarms' .*less than or equal to 1$/u,
  }),
  send('no alarm', 'model', { AlarmConfiguration: { Alarms: [] } }, INVALID),
  send('bucket name too short', 'model', { OutputS3BucketName: 'ab' }, INVALID),
  send('key prefix above 500', 'model', { OutputS3KeyPrefix: 'x'.repeat(501) }, INVALID),
  send(
    'unknown notification event',
    'model',
    { NotificationConfig: { NotificationEvents: ['Never' as 'All'] } },
    INVALID,
    { message: /at 'notificationConfig\.notificationEvents' .*enum value set/u },
  ),
  send('log group name empty', 'model', { CloudWatchOutputConfig: { CloudWatchLogGroupName: '' } }, INVALID),
  send(
    'valid: what was asked for is shown again',
    'model',
    {
      ServiceRoleArn: 'arn:aws:iam::100000000002:role/notify',
      NotificationConfig: {
        NotificationArn: 'arn:aws:sns:us-east-1:100000000002:topic',
        NotificationEvents: ['Failed'],
        NotificationType: 'Invocation',
      },
      CloudWatchOutputConfig: { CloudWatchLogGroupName: 'group', CloudWatchOutputEnabled: true },
    },
    OK,
    {
      output: {
        Command: {
          ServiceRole: 'arn:aws:iam::100000000002:role/notify',
          NotificationConfig: { NotificationEvents: ['Failed'], NotificationType: 'Invocation' },
          CloudWatchOutputConfig: { CloudWatchLogGroupName: 'group', CloudWatchOutputEnabled: true },
        },
      },
    },
  ),
  send('neither ids nor targets', 'docs', { InstanceIds: undefined }, INVALID),
  send('ids and targets', 'docs', { Targets: [{ Key: 'tag:env', Values: ['prod'] }] }, INVALID),
  send(
    'six targets',
    'model',
    { InstanceIds: undefined, Targets: Array.from({ length: 6 }, () => ({ Key: 'tag:a', Values: ['b'] })) },
    INVALID,
  ),
  send(
    '51 target values',
    'model',
    {
      InstanceIds: undefined,
      Targets: [{ Key: 'tag:a', Values: Array.from({ length: 51 }, (_, i) => `${i}`) }],
    },
    INVALID,
  ),
  send(
    'platform misfit',
    'docs',
    (ids) => ({ InstanceIds: [ids.linux, ids.windows] }),
    ['UnsupportedPlatformType', 400],
    { message: /i-00000000000000003/u },
  ),
  send('DocumentName missing', 'model', { DocumentName: undefined }, INVALID, {
    message: /at 'documentName' failed to satisfy constraint: Member must not be null/u,
  }),
  send('DocumentName malformed', 'model', { DocumentName: 'a b' }, INVALID),
  send('no such document', 'model', { DocumentName: 'Missing' }, ['InvalidDocument', 400]),
  send(
    "another account's document",
    'docs',
    { DocumentName: 'arn:aws:ssm:us-east-1:100000000007:document/TeleportDiscoveryInstaller' },
    ['InvalidDocument', 400],
  ),
  send('no such document version', 'model', { DocumentVersion: '7' }, ['InvalidDocumentVersion', 400]),
  send('malformed document version', 'model', { DocumentVersion: 'x' }, INVALID),
  send(
    'parameter that the document lacks',
    'model',
    { Parameters: { commands: ['true'], color: ['red'] } },
    ['InvalidParameters', 400],
    { message: /color/u },
  ),
  send('parameter missing', 'model', { Parameters: {} }, ['InvalidParameters', 400], {
    message: /commands/u,
  }),
  send(
    'parameter against its pattern',
    'model',
    { DocumentName: STEPPED_DOCUMENT_NAME, Parameters: { token: ['t'], env: ['bad'] } },
    ['InvalidParameters', 400],
    { message: /env/u },
  ),
  send(
    'two values for a String',
    'model',
    { DocumentName: STEPPED_DOCUMENT_NAME, Parameters: { token: ['t', 'u'] } },
    ['InvalidParameters', 400],
  ),
  send('TimeoutSeconds below 30', 'model', { TimeoutSeconds: 29 }, INVALID, {
    message: /'29' at 'timeoutSeconds' .*greater than or equal to 30$/u,
  }),
  send('TimeoutSeconds above 30 days', 'model', { TimeoutSeconds: 2_592_001 }, INVALID),
  send('Comment above 100 characters', 'model', { Comment: 'x'.repeat(101) }, INVALID, {
    message: /at 'comment'/u,
  }),
  send('MaxConcurrency 0', 'model', { MaxConcurrency: '0' }, INVALID),
  send('MaxErrors 101%', 'model', { MaxErrors: '101%' }, INVALID),
  send('OutputS3BucketName too short', 'model', { OutputS3BucketName: 'ab' }, INVALID),
  send('OutputS3BucketName impossible', 'model', { OutputS3BucketName: 'NO_SUCH' }, [
    'InvalidOutputFolder',
    400,
  ]),
  send('notification that is no topic', 'model', { NotificationConfig: { NotificationArn: 'x' } }, [
    'InvalidNotificationConfig',
    400,
  ]),
  send(
    'notification without a role',
    'model',
    { NotificationConfig: { NotificationArn: 'arn:aws:sns:us-east-1:1:t' } },
    ['InvalidRole', 400],
  ),
  send('several faults in one message', 'model', { Comment: 'x'.repeat(101), TimeoutSeconds: 1 }, INVALID, {
    message: /^2 validation errors detected: /u,
  }),
  send('wrong type', 'model', { TimeoutSeconds: 'soon' as unknown as number }, [
    'SerializationException',
    400,
  ]),
  send('permission missing', 'docs', {}, ['AccessDeniedException', 400], {
    as: 'gaps',
    message:
      /not authorized to perform: ssm:SendCommand on resource: arn:aws:ssm:us-east-1:100000000009:\* because no identity-based policy allows the ssm:SendCommand action$/u,
  }),
  send('region denied by a service control policy', 'docs', {}, ['AccessDeniedException', 400], {
    as: 'scp',
    region: 'eu-west-1',
  }),
];
