import {
  CancelCommandCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  type ListCommandInvocationsCommandInput,
} from '@aws-sdk/client-ssm';
import type { AwsAction } from '../organization/aws-actions.ts';
import type { CommandsPort, Invocation, TargetAccess } from '../install/command.ts';
import { isJobError } from '../runtime/errors.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { MakeAttempt } from './attempt.ts';
import type { Clients } from './clients.ts';
import type { Identities } from './credentials/identity.ts';
import { INVOCATIONS_PAGE } from './limits.ts';
import { createMemberPages, requireList } from './pages.ts';
import type { Read } from './read-call.ts';
import { readInvocation } from './schema.ts';
import { createSendCommand } from './send-command.ts';

/** SSM Run Command. */
export function createCommands(deps: {
  readonly clients: Clients;
  readonly identities: Identities;
  readonly attempt: MakeAttempt;
  readonly read: Read;
  readonly clock: Clock;
}): Omit<CommandsPort, 'awsAheadMs'> {
  const listPages = createMemberPages(deps);

  function call<Reply>(
    access: TargetAccess,
    action: AwsAction,
    signal: AbortSignal,
    send: () => Promise<Reply>,
  ): Promise<Reply> {
    const { accountId, region } = access;
    const identity = deps.identities.member(access);
    return deps.read({ action, accountId, region, signal, patient: false, send }, identity);
  }

  async function* listInvocations(
    access: TargetAccess,
    input: ListCommandInvocationsCommandInput,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Invocation[], void, undefined> {
    const action = 'ssm:ListCommandInvocations';
    const client = deps.clients.ssm(access.region);
    const pages = listPages({
      action,
      access,
      region: access.region,
      signal,
      send: (page) =>
        client.send(new ListCommandInvocationsCommand({ ...input, MaxResults: INVOCATIONS_PAGE, ...page })),
    });
    for await (const reply of pages) {
      const invocations = requireList(reply.CommandInvocations, action, 'CommandInvocations');
      yield invocations.map(readInvocation).filter((invocation) => invocation !== null);
    }
  }

  return {
    sendCommand: createSendCommand(deps),

    async listInvocations(access, commandId, signal) {
      // Pages overlap while the list changes: the later word on an instance is the newer one.
      const byInstance = new Map<string, Invocation>();
      try {
        for await (const page of listInvocations(access, { CommandId: commandId, Details: true }, signal)) {
          for (const invocation of page) byInstance.set(invocation.instanceId, invocation);
        }
      } catch (error) {
        if (hasAwsCode(error, 'InvalidCommandId')) return [];
        throw error;
      }
      return [...byInstance.values()];
    },

    findInvocations(access, query, signal) {
      // SSM wants seconds, `2021-07-07T00:00:00Z`; cut down, never up, so that nothing at the edge is missed.
      const after = new Date(Math.floor(query.invokedAfterMs / 1000) * 1000)
        .toISOString()
        .replace('.000Z', 'Z');
      const Filters: ListCommandInvocationsCommandInput['Filters'] = [
        { key: 'InvokedAfter', value: after },
        ...(query.documentName === null ? [] : [{ key: 'DocumentName', value: query.documentName } as const]),
      ];
      return listInvocations(access, { Filters }, signal);
    },

    async readOutput(access, invocation, signal) {
      const command = new GetCommandInvocationCommand({
        CommandId: invocation.commandId,
        InstanceId: invocation.instanceId,
        ...(invocation.pluginName === null ? {} : { PluginName: invocation.pluginName }),
      });
      try {
        const reply = await call(access, 'ssm:GetCommandInvocation', signal, () =>
          deps.clients.ssm(access.region).send(command),
        );
        return {
          stdout: reply.StandardOutputContent ?? '',
          stderr: reply.StandardErrorContent ?? '',
          responseCode: reply.ResponseCode ?? -1,
        };
      } catch (error) {
        const isGone = hasAwsCode(error, 'InvocationDoesNotExist', 'InvalidCommandId', 'InvalidPluginName');
        if (isGone) return null;
        throw error;
      }
    },

    async cancelCommand(access, commandId, instanceIds, signal) {
      const command = new CancelCommandCommand({ CommandId: commandId, InstanceIds: [...instanceIds] });
      try {
        await call(access, 'ssm:CancelCommand', signal, () => deps.clients.ssm(access.region).send(command));
      } catch (error) {
        if (isJobError(error, 'aws.denied')) return 'denied';
        // A command that is over, or that SSM has forgotten, needs no canceling.
        if (!hasAwsCode(error, 'InvalidCommandId', 'DuplicateInstanceId')) throw error;
      }
      return 'requested';
    },
  };
}

function hasAwsCode(error: unknown, ...codes: readonly string[]): boolean {
  return isJobError(error) && codes.includes(String(error.details.awsCode));
}
