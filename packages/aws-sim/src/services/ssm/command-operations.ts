import { type Command, detailsAt, type Invocation, STATUS_OF, summarize } from '../../commands/command.ts';
import { invocationFor } from '../../commands/command-store.ts';
import { cancelCommand } from '../../commands/run-command.ts';
import { listingOf } from '../../server/paging.ts';
import { ServiceError } from '../../server/service-error.ts';
import { flag, integer, list, readRequest, required, structure, text } from '../../server/shapes.ts';
import type { Call, OperationTable } from '../../server/simulation.ts';
import { commandView, invocationView, stepView } from './command-views.ts';
import { ssmPage } from './paging.ts';
import { sendCommand } from './send-command.ts';

const COMMAND_ID = text({ min: 36, max: 36 });
const INSTANCE_ID = text({ pattern: /(^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)/u });
const FILTER_KEYS = ['InvokedAfter', 'InvokedBefore', 'Status', 'ExecutionStage', 'DocumentName'];
const Filters = list(
  structure({
    key: required(text({ oneOf: FILTER_KEYS })),
    value: required(text({ min: 1, max: 128 })),
  }),
  { min: 1, max: 5 },
);
const Listed = {
  CommandId: COMMAND_ID,
  InstanceId: INSTANCE_ID,
  Filters,
  MaxResults: integer({ min: 1, max: 50 }),
  NextToken: text(),
} as const;
const DEFAULT_PAGE = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

function invalidCommandId(): ServiceError {
  return new ServiceError(
    'InvalidCommandId',
    'The specified command ID is not valid. Verify the ID and try again.',
  );
}

interface CommandFilter {
  readonly key: string;
  readonly value: string;
}

/** Commands of the caller that a listing is about, newest first, without those that are not visible yet. */
function visibleCommands(call: Call, commandId: string | undefined): readonly Command[] {
  if (commandId !== undefined && !UUID.test(commandId)) throw invalidCommandId();
  const { accountId } = call.caller.principal;
  const { region } = call.caller;
  if (commandId !== undefined) {
    const command = call.sim.commands.find(accountId, region, commandId);
    return command === undefined || command.visibleAtMs > call.asOfMs ? [] : [command];
  }
  return call.sim.commands
    .newestFirst(accountId, region)
    .filter((command) => command.visibleAtMs <= call.asOfMs);
}

function passesFilters(
  command: Command,
  filters: readonly CommandFilter[],
  statuses: readonly [status: string, details: string],
  stage: string,
): boolean {
  return filters.every(({ key, value }) => {
    switch (key) {
      case 'InvokedAfter':
        return command.requestedAtMs >= parseDate(value);
      case 'InvokedBefore':
        return command.requestedAtMs < parseDate(value);
      case 'DocumentName':
        return command.documentName === value || command.document.name === value;
      case 'ExecutionStage':
        return stage === value;
      default:
        return statuses.includes(value);
    }
  });
}

function parseDate(value: string): number {
  const atMs = Date.parse(value);
  if (Number.isNaN(atMs)) {
    throw new ServiceError('ValidationException', `The date ${value} is not in ISO 8601 format.`);
  }
  return atMs;
}

function checkFilters(filters: readonly CommandFilter[], stageAllowed: boolean): void {
  for (const { key, value } of filters) {
    if (key.startsWith('Invoked')) parseDate(value);
    if (key === 'ExecutionStage' && (!stageAllowed || !['Executing', 'Complete'].includes(value))) {
      throw new ServiceError('InvalidFilterKey', 'The specified key is not valid.');
    }
  }
}

function listCommandInvocations(call: Call, raw: unknown): unknown {
  const input = readRequest('ssm', { ...Listed, Details: flag() }, raw);
  const filters = input.Filters ?? [];
  checkFilters(filters, false);
  const rows: Invocation[] = [];
  for (const command of visibleCommands(call, input.CommandId)) {
    for (const invocation of command.invocations) {
      if (input.InstanceId !== undefined && invocation.instanceId !== input.InstanceId) continue;
      const details = detailsAt(invocation, call.asOfMs);
      if (passesFilters(command, filters, [STATUS_OF[details], details], '')) rows.push(invocation);
    }
  }
  const question = `invocations/${input.CommandId}/${input.InstanceId}/${JSON.stringify(filters)}`;
  const { rows: page, token } = ssmPage(
    call,
    input,
    question,
    listingOf(rows),
    input.MaxResults ?? DEFAULT_PAGE,
  );
  const views = page.map((invocation) => invocationView(invocation, call.asOfMs, input.Details ?? false));
  return { CommandInvocations: views, ...token };
}

function listCommands(call: Call, raw: unknown): unknown {
  const input = readRequest('ssm', Listed, raw);
  const filters = input.Filters ?? [];
  checkFilters(filters, true);
  const rows = visibleCommands(call, input.CommandId).filter((command) => {
    if (input.InstanceId !== undefined && invocationFor(command, input.InstanceId) === undefined) {
      return false;
    }
    const summary = summarize(command, call.asOfMs);
    const stage = summary.completedCount < summary.targetCount ? 'Executing' : 'Complete';
    return passesFilters(command, filters, [summary.status, summary.details], stage);
  });
  const question = `commands/${input.CommandId}/${input.InstanceId}/${JSON.stringify(filters)}`;
  const { rows: page, token } = ssmPage(
    call,
    input,
    question,
    listingOf(rows),
    input.MaxResults ?? DEFAULT_PAGE,
  );
  return { Commands: page.map((command) => commandView(command, call.asOfMs)), ...token };
}

function getCommandInvocation(call: Call, raw: unknown): unknown {
  const input = readRequest(
    'ssm',
    { CommandId: required(COMMAND_ID), InstanceId: required(INSTANCE_ID), PluginName: text({ min: 4 }) },
    raw,
  );
  const command = visibleCommands(call, input.CommandId)[0];
  const invocation = command === undefined ? undefined : invocationFor(command, input.InstanceId);
  if (invocation === undefined) {
    throw new ServiceError(
      'InvocationDoesNotExist',
      'The command ID and managed node ID you specified did not match any invocations. Verify the command ID and the managed node ID and try again.',
    );
  }
  const view = stepView(invocation, call.asOfMs, input.PluginName);
  if (view === null) throw new ServiceError('InvalidPluginName', 'The plugin name is not valid.');
  return view;
}

function cancel(call: Call, raw: unknown): unknown {
  const input = readRequest(
    'ssm',
    { CommandId: required(COMMAND_ID), InstanceIds: list(INSTANCE_ID, { max: 50 }) },
    raw,
  );
  const { sim } = call;
  const command = sim.commands.find(call.caller.principal.accountId, call.caller.region, input.CommandId);
  if (command === undefined) {
    throw invalidCommandId();
  }
  const ids = input.InstanceIds ?? [];
  if (new Set(ids).size < ids.length) {
    throw new ServiceError(
      'DuplicateInstanceId',
      'You cannot specify an instance ID in more than one association.',
    );
  }
  const foreign = ids.filter((id) => invocationFor(command, id) === undefined);
  if (foreign.length > 0) {
    throw new ServiceError(
      'InvalidInstanceId',
      `Instances [[${foreign.join(', ')}]] are not part of the command`,
    );
  }
  cancelCommand({ world: sim.world, clock: sim.clock, network: () => sim.network }, command, ids);
  return {};
}

/** Operations of Run Command. */
export const COMMAND_OPERATIONS: OperationTable<unknown, unknown> = {
  SendCommand: { handle: sendCommand },
  ListCommandInvocations: { handle: listCommandInvocations },
  ListCommands: { handle: listCommands },
  GetCommandInvocation: { handle: getCommandInvocation },
  CancelCommand: { handle: cancel },
};
