import {
  GetCommandInvocationCommand,
  type GetCommandInvocationCommandInput,
  ListCommandInvocationsCommand,
  type ListCommandInvocationsCommandInput,
  ListCommandsCommand,
  type ListCommandsCommandInput,
} from '@aws-sdk/client-ssm';
import { type CaseDetails, type ConformanceCase, type FromIds, INVALID, OK } from './case.ts';
import { STEPPED_DOCUMENT_NAME } from './conformance-world.ts';

const FIRST_LINUX = 'i-00000000000000001';

function list(
  behavior: string,
  input: FromIds<ListCommandInvocationsCommandInput>,
  expect: ConformanceCase['expect'],
  more: CaseDetails = {},
): ConformanceCase {
  return {
    api: 'ssm:ListCommandInvocations',
    behavior,
    source: 'model',
    call: ({ ssm }, ids) => ssm.send(new ListCommandInvocationsCommand(input(ids))),
    expect,
    ...more,
  };
}

function commands(
  behavior: string,
  input: FromIds<ListCommandsCommandInput>,
  expect: ConformanceCase['expect'],
  more: CaseDetails = {},
): ConformanceCase {
  return {
    api: 'ssm:ListCommands',
    behavior,
    source: 'model',
    call: ({ ssm }, ids) => ssm.send(new ListCommandsCommand(input(ids))),
    expect,
    ...more,
  };
}

function get(
  behavior: string,
  input: FromIds<GetCommandInvocationCommandInput>,
  expect: ConformanceCase['expect'],
  more: CaseDetails = {},
): ConformanceCase {
  return {
    api: 'ssm:GetCommandInvocation',
    behavior,
    source: 'model',
    call: ({ ssm }, ids) => ssm.send(new GetCommandInvocationCommand(input(ids))),
    expect,
    ...more,
  };
}

const NO_COMMAND = '00000000-0000-4000-8000-000000000000';
const FUTURE = '2099-01-01T00:00:00Z';

/** SSM: reading results. The two finished commands were sent by the suite. */
export const READ_CASES: readonly ConformanceCase[] = [
  list('valid: without details no plugins', (ids) => ({ CommandId: ids.commandId }), OK, {
    output: {
      CommandInvocations: [
        { InstanceId: FIRST_LINUX, Status: 'Success', StatusDetails: 'Success', CommandPlugins: [] },
      ],
    },
  }),
  list('valid: with details', (ids) => ({ CommandId: ids.commandId, Details: true }), OK, {
    output: { CommandInvocations: [{ CommandPlugins: [{ Name: 'aws:runShellScript', ResponseCode: 0 }] }] },
  }),
  list(
    'valid: a skipped step counts as success',
    (ids) => ({ CommandId: ids.steppedCommandId, Details: true }),
    OK,
    {
      output: {
        CommandInvocations: [
          {
            CommandPlugins: [
              { Name: 'windowsOnly', Status: 'Success', ResponseCode: 0 },
              { Name: 'downloadContent' },
              { Name: 'runShellScript' },
            ],
          },
        ],
      },
    },
  ),
  list(
    'by instance',
    (ids) => ({ InstanceId: ids.linux, Filters: [{ key: 'DocumentName', value: STEPPED_DOCUMENT_NAME }] }),
    OK,
    {
      output: { CommandInvocations: [{ InstanceId: FIRST_LINUX, DocumentName: STEPPED_DOCUMENT_NAME }] },
    },
  ),
  list('invoked after now: empty', () => ({ Filters: [{ key: 'InvokedAfter', value: FUTURE }] }), OK, {
    output: { CommandInvocations: [] },
  }),
  list('command not known: empty', () => ({ CommandId: NO_COMMAND }), OK, {
    output: { CommandInvocations: [] },
  }),
  list('command id malformed', () => ({ CommandId: 'x'.repeat(36) }), ['InvalidCommandId', 400]),
  list('command id of the wrong length', () => ({ CommandId: 'x' }), INVALID),
  list('MaxResults above 50', () => ({ MaxResults: 51 }), INVALID),
  list('MaxResults below 1', () => ({ MaxResults: 0 }), INVALID),
  list('bad token', () => ({ NextToken: 'x' }), ['InvalidNextToken', 400]),
  list('unknown filter', () => ({ Filters: [{ key: 'Color' as 'Status', value: 'red' }] }), INVALID),
  list(
    'ExecutionStage is not for invocations',
    () => ({ Filters: [{ key: 'ExecutionStage', value: 'Complete' }] }),
    ['InvalidFilterKey', 400],
  ),
  list('no filters in the list', () => ({ Filters: [] }), INVALID),
  list('a date that is none', () => ({ Filters: [{ key: 'InvokedAfter', value: 'yesterday' }] }), INVALID),
  commands('valid', (ids) => ({ CommandId: ids.commandId }), OK, {
    output: { Commands: [{ Status: 'Success', TargetCount: 1, CompletedCount: 1, ErrorCount: 0 }] },
  }),
  commands(
    'by stage',
    () => ({
      Filters: [
        { key: 'ExecutionStage', value: 'Complete' },
        { key: 'DocumentName', value: STEPPED_DOCUMENT_NAME },
      ],
    }),
    OK,
    {
      output: { Commands: [{ DocumentName: STEPPED_DOCUMENT_NAME }] },
    },
  ),
  commands('unknown stage', () => ({ Filters: [{ key: 'ExecutionStage', value: 'Halfway' }] }), [
    'InvalidFilterKey',
    400,
  ]),
  commands('MaxResults above 50', () => ({ MaxResults: 51 }), INVALID),
  get('valid: one step', (ids) => ({ CommandId: ids.commandId, InstanceId: ids.linux }), OK, {
    output: {
      PluginName: 'aws:runShellScript',
      Status: 'Success',
      StatusDetails: 'Success',
      ResponseCode: 0,
    },
  }),
  get(
    'valid: a step by name',
    (ids) => ({ CommandId: ids.steppedCommandId, InstanceId: ids.linux, PluginName: 'runShellScript' }),
    OK,
    {
      output: { PluginName: 'runShellScript', ResponseCode: 0 },
    },
  ),
  get('no such step', (ids) => ({ CommandId: ids.commandId, InstanceId: ids.linux, PluginName: 'nothing' }), [
    'InvalidPluginName',
    400,
  ]),
  get(
    'step name too short',
    (ids) => ({ CommandId: ids.commandId, InstanceId: ids.linux, PluginName: 'abc' }),
    INVALID,
  ),
  get('no such invocation', (ids) => ({ CommandId: ids.commandId, InstanceId: ids.second }), [
    'InvocationDoesNotExist',
    400,
  ]),
  get('no such command', (ids) => ({ CommandId: NO_COMMAND, InstanceId: ids.linux }), [
    'InvocationDoesNotExist',
    400,
  ]),
  get(
    'command of another account',
    (ids) => ({ CommandId: ids.commandId, InstanceId: ids.foreign }),
    ['InvocationDoesNotExist', 400],
    { as: 'scp' },
  ),
  get('instance missing', (ids) => ({ CommandId: ids.commandId, InstanceId: undefined }), INVALID),
];
