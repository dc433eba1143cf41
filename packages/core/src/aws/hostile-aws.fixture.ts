import { afterEach } from 'vitest';
import type { CommandRequest, TargetAccess } from '../install/command.ts';
import { AccountId, CommandId, InstanceId, Region } from '../organization/ids.ts';
import type { AwsCall } from '../organization/aws-actions.ts';
import { createClock } from '../runtime/clock.ts';
import { type AwsAdapter, type AwsAdapterDeps, createAwsAdapter } from './adapter.ts';
import { assumeRole, startStubAws, type StubAws, type StubRule } from './stub-aws.fixture.ts';

export const { signal } = new AbortController();
export const clock = createClock();
export const accountId = AccountId.parse('111122223333');
export const access: TargetAccess = {
  accountId,
  region: Region.parse('eu-west-1'),
  role: { arn: `arn:aws:iam::${accountId}:role/discovery`, externalId: null },
};
export const instanceId = InstanceId.parse('i-0123456789abcdef0');
export const commandId = CommandId.parse('11111111-2222-4333-8444-555555555555');

/** Answers that no well-behaved AWS gives, on purpose: what was said, cut off, garbled, or never said. */
export interface HostileAws {
  /** Sessions are given freely; everything else is the rule's. */
  readonly start: (rule: StubRule, deps?: Partial<AwsAdapterDeps>) => Promise<AwsAdapter>;
  /** The same, where sessions are the rule's too. */
  readonly startBare: (rule: StubRule, deps?: Partial<AwsAdapterDeps>) => Promise<AwsAdapter>;
  readonly stub: () => StubAws;
  readonly calls: () => readonly AwsCall[];
  /** How many requests of an operation have arrived. */
  readonly requestsOf: (operation: string) => number;
}

/** Ends what was started after each test. */
export function useHostileAws(): HostileAws {
  let stub: StubAws;
  let calls: AwsCall[] = [];
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close();
  });

  async function startBare(rule: StubRule, deps: Partial<AwsAdapterDeps> = {}): Promise<AwsAdapter> {
    stub = await startStubAws(rule);
    process.env['AWS_ENDPOINT_URL'] = stub.url;
    calls = [];
    const adapter = createAwsAdapter({
      clock,
      observe: (call) => calls.push(call),
      partition: 'aws',
      // oxlint-disable-next-line typescript/require-await -- a source answers with a promise
      baseCredentials: async () => ({ accessKeyId: 'BASE', secretAccessKey: 'secret' }),
      ...deps,
    });
    open.push(adapter, stub);
    return adapter;
  }

  return {
    start: (rule, deps) =>
      startBare(
        (request) =>
          request.operation === 'AssumeRole' ? assumeRole(request, Date.now() + 3_600_000) : rule(request),
        deps,
      ),
    startBare,
    stub: () => stub,
    calls: () => calls,
    requestsOf: (operation) => stub.requests.filter((request) => request.operation === operation).length,
  };
}

/** A SendCommand to the one instance. */
export function request(change: Partial<CommandRequest> = {}): CommandRequest {
  return {
    documentName: 'AWS-RunShellScript',
    instanceIds: [instanceId],
    parameters: { commands: ['true'] },
    comment: 'muster:v1:a:b',
    deliveryTimeoutSeconds: 60,
    windowEndMonotonicMs: clock.monotonicMs() + 10_000,
    ...change,
  };
}

export async function drain<Item>(pages: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
