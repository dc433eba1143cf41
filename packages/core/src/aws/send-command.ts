import { SendCommandCommand, type SendCommandCommandOutput } from '@aws-sdk/client-ssm';
import {
  type CommandRequest,
  LONGEST_EXECUTION_SECONDS,
  type RefusalReason,
  type SendResult,
  type TargetAccess,
} from '../install/command.ts';
import { JobError, messageOf } from '../runtime/errors.ts';
import { CommandId, InstanceId } from '../organization/ids.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { MakeAttempt } from './attempt.ts';
import type { SigningKeys } from './call-scope.ts';
import { type AwsFault, type FaultKind, neverConnected } from './classify-error.ts';
import type { Clients } from './clients.ts';
import type { Identities } from './credentials/identity.ts';
import { SEND_MAX_CONCURRENCY, SEND_MAX_ERRORS } from './limits.ts';
import type { Identity } from './read-call.ts';

/** Codes that need a reason of their own; the rest follows from the kind of fault. */
const REASON_BY_CODE: Readonly<Record<string, RefusalReason>> = {
  InvalidInstanceId: 'invalid-instance-id',
  UnsupportedPlatformType: 'unsupported-platform',
  InvalidDocument: 'invalid-document',
  InvalidDocumentVersion: 'invalid-document',
  MaxDocumentSizeExceeded: 'invalid-document',
};

/**
 * SendCommand, once. SSM offers no client token, so whether a second request would run the installer twice hangs on telling
 * three things apart: it never left (`refused`, not-sent), AWS said no (`refused`, with its reason), and everything else
 * (`ambiguous`): a reset, a time-out, a 5xx, an answer that cannot be read. When in doubt it is ambiguous.
 */
export function createSendCommand(deps: {
  readonly clients: Clients;
  readonly identities: Identities;
  readonly attempt: MakeAttempt;
  readonly clock: Clock;
}): (access: TargetAccess, request: CommandRequest, signal: AbortSignal) => Promise<SendResult> {
  return async (access, request, signal) => {
    const identity = deps.identities.member(access);
    let keys: SigningKeys;
    try {
      signal.throwIfAborted();
      // Asserts the account: a session knows it from AssumeRole, the worker's own keys from GetCallerIdentity.
      keys = await identity.keys(signal);
    } catch (error) {
      return refusedBefore(error, signal);
    }
    const deadline = startDeadline(deps.clock, request.windowEndMonotonicMs);
    try {
      const result = await deps.attempt(
        {
          action: 'ssm:SendCommand',
          accountId: access.accountId,
          region: access.region,
          signal: AbortSignal.any([signal, deadline.signal]),
          send: () => deps.clients.ssm(access.region).send(commandOf(request)),
        },
        keys,
        Math.min(request.windowEndMonotonicMs, request.leaveByMonotonicMs ?? request.windowEndMonotonicMs),
      );
      if (result.ok) return acceptedOf(result.reply, request, deps.clock.now());
      const { fault } = result;
      if (!result.left || neverConnected(fault.cause)) return notSent(fault.message, fault.awsCode);
      if (!isAnswer(fault)) return { kind: 'ambiguous', message: `${fault.awsCode}: ${fault.message}` };
      return await refusedBy(fault, { identity, keys, signal });
    } catch (error) {
      // Raised by us on the way to the socket, before anything left.
      return refusedBefore(error, signal);
    } finally {
      deadline.stop();
    }
  };
}

/** Aborts at `atMs` of the monotonic counter. `stop` ends the timer. */
function startDeadline(clock: Clock, atMs: number): { readonly signal: AbortSignal; stop(): void } {
  const deadline = new AbortController();
  const stopped = new AbortController();
  const expire = async (): Promise<void> => {
    await clock.sleep(Math.max(0, atMs - clock.monotonicMs()), stopped.signal);
    deadline.abort(new Error('the time to send had passed'));
  };
  // Rejects when stopped, which is the usual end.
  expire().catch(() => undefined);
  return {
    signal: deadline.signal,
    stop: () => {
      stopped.abort();
    },
  };
}

function commandOf(request: CommandRequest): SendCommandCommand {
  return new SendCommandCommand({
    DocumentName: request.documentName,
    InstanceIds: [...request.instanceIds],
    Parameters: Object.fromEntries(
      Object.entries(request.parameters).map(([name, values]) => [name, [...values]]),
    ),
    Comment: request.comment,
    TimeoutSeconds: request.deliveryTimeoutSeconds,
    MaxConcurrency: SEND_MAX_CONCURRENCY,
    MaxErrors: SEND_MAX_ERRORS,
  });
}

function acceptedOf(reply: SendCommandCommandOutput, request: CommandRequest, nowMs: number): SendResult {
  const commandId = CommandId.safeParse(reply.Command?.CommandId);
  if (!commandId.success) {
    return { kind: 'ambiguous', message: 'ssm:SendCommand answered without a command id' };
  }
  const expiresAtMs = reply.Command?.ExpiresAfter?.getTime();
  const isReadable = expiresAtMs !== undefined && !Number.isNaN(expiresAtMs);
  // The latest that can be, when a reply leaves it out.
  const latestMs = nowMs + (request.deliveryTimeoutSeconds + LONGEST_EXECUTION_SECONDS) * 1000;
  return { kind: 'accepted', commandId: commandId.data, expiresAtMs: isReadable ? expiresAtMs : latestMs };
}

/** Whether AWS itself, not something on the way, said no: a 4xx with a code of its own, or a throttle, which is never executed. */
function isAnswer(fault: AwsFault): boolean {
  if (!fault.isCoded || fault.httpStatus === null || fault.kind === 'unavailable') return false;
  return fault.kind === 'throttled' || (fault.httpStatus >= 400 && fault.httpStatus < 500);
}

async function refusedBy(
  fault: AwsFault,
  as: { readonly identity: Identity; readonly keys: SigningKeys; readonly signal: AbortSignal },
): Promise<SendResult> {
  if (fault.kind === 'expired') as.identity.renew(as.keys);
  const isOff = fault.kind === 'unrecognized' && (await isAlive(as));
  if (fault.kind === 'unrecognized' && !isOff) as.identity.renew(as.keys);
  return {
    kind: 'refused',
    reason: isOff ? 'region-off' : (REASON_BY_CODE[fault.awsCode] ?? reasonOf(fault.kind)),
    instanceIds: blamedInstances(fault),
    message: fault.message,
    awsCode: fault.awsCode,
    retryAfterMs: fault.retryAfterMs,
  };
}

async function isAlive(as: {
  readonly identity: Identity;
  readonly keys: SigningKeys;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  try {
    return await as.identity.isAlive(as.keys, as.signal);
  } catch {
    return false;
  }
}

function reasonOf(kind: FaultKind): RefusalReason {
  switch (kind) {
    case 'throttled':
    case 'denied':
    case 'region-off':
      return kind;
    case 'expired':
    case 'unrecognized':
    case 'base-credentials':
      return 'credentials';
    case 'organization':
    case 'page-token':
    case 'invalid':
    case 'unknown':
    case 'unavailable':
      return 'invalid-parameters';
    default:
      return kind satisfies never;
  }
}

/** The instances that an answer is about; empty when it is about the call as a whole. */
function blamedInstances({ awsCode, kind, message }: AwsFault): InstanceId[] {
  if (awsCode === 'InvalidInstanceId') return namedInstances(message);
  return kind === 'denied' ? namedInstances(DENIED_INSTANCE.exec(message)?.[0] ?? '') : [];
}

/**
 * IAM names the first resource that the caller may not use, in the text alone:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
const DENIED_INSTANCE = /on resource: arn:[\w-]+:ec2:[\w-]+:\d{12}:instance\/i-[0-9a-f]{8,17}\b/;

/** `Instances [[i-a, i-b]] not in a valid state for account 111122223333`: the ids are nowhere else in the answer. */
function namedInstances(message: string): InstanceId[] {
  const words = message.match(/\bi-[0-9a-f]{8,17}\b/g) ?? [];
  return [...new Set(words)].flatMap((word) => {
    const id = InstanceId.safeParse(word);
    return id.success ? [id.data] : [];
  });
}

/** The outcome of what stopped a send before it left: no session, an abort, a time that had passed. Bugs are thrown on. */
function refusedBefore(error: unknown, signal: AbortSignal): SendResult {
  if (signal.aborted) return notSent('aborted before it was sent', 'Aborted');
  if (!(error instanceof JobError)) throw error;
  const { code, retry, details } = error;
  const awsCode = details.awsCode ?? code;
  const refusal = { kind: 'refused', instanceIds: [], message: messageOf(error), awsCode } as const;
  const retryAfterMs = typeof retry === 'object' ? retry.afterMs : null;
  switch (code) {
    case 'aws.denied':
    case 'aws.invalid':
      return { ...refusal, reason: 'denied', retryAfterMs };
    // STS was throttled, which says nothing about the bucket of SendCommand.
    case 'aws.throttled':
    case 'aws.credentials':
      return { ...refusal, reason: 'credentials', retryAfterMs };
    case 'aws.region-off':
      return { ...refusal, reason: 'region-off', retryAfterMs };
    case 'aws.unavailable':
      return { ...refusal, reason: 'not-sent', retryAfterMs };
    case 'aws.organization':
    case 'config.invalid':
    case 'config.unsafe':
    case 'payload.invalid':
    case 'teleport.unavailable':
    case 'teleport.denied':
    case 'teleport.invalid':
    case 'notify.failed':
    case 'ledger.unavailable':
    case 'ledger.corrupt':
    case 'bug.unknown':
      throw error;
    default:
      return code satisfies never;
  }
}

function notSent(message: string, awsCode: string): SendResult {
  return { kind: 'refused', reason: 'not-sent', instanceIds: [], message, awsCode, retryAfterMs: null };
}
