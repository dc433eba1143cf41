import {
  GetCommandInvocationCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { expect } from 'vitest';
import type { AwsSim } from '../start.ts';
import type { WorldFile } from '../world/file.ts';
import type { WrittenInstance } from '../world/written.ts';
import { memberClients } from './sdk-clients.ts';
import { type FakeProxy, startProxy, startWorld } from './simulators.ts';

/** The account of the hosts. */
export const MEMBER = '100000000002';
/** The first host. */
export const HOST = 'i-00000000000000001';
/** What is run: preflight checks, then the installer. */
export const INSTALL =
  "[ -x /bin/bash ] || exit 100; exit 101; exit 102; exit 103; exit 104\nbash -c 'set -o pipefail; curl -sSL https://proxy.example.com/webapi/scripts/installer/default-installer | bash -s good-token'";

/** A small world with a proxy beside it. */
export interface Scene {
  readonly sim: AwsSim;
  readonly ssm: SSMClient;
  readonly ec2: EC2Client;
  readonly proxy: FakeProxy;
}

/** Starts a world of these hosts in one account. */
export async function scene(
  instances: WrittenInstance[],
  speed = 200,
  over: Partial<WorldFile> = {},
): Promise<Scene> {
  const proxy = await startProxy();
  const sim = await startWorld(
    {
      name: 'life cycle',
      seed: 9,
      limits: { '*': null },
      latency: { visibilityMs: [300, 300], pickupMs: [500, 500], installMs: [2_000, 2_000] },
      accounts: [{ id: '100000000001' }, { id: MEMBER, instances }],
      ...over,
    },
    { speed, proxyUrl: proxy.url },
  );
  const { ssm, ec2 } = await memberClients(sim, MEMBER);
  return { sim, ssm, ec2, proxy };
}

/** Sends the installer; the id of the command. */
export async function send(
  ssm: SSMClient,
  InstanceIds: string[],
  over: Partial<SendCommandCommandInput> = {},
): Promise<string> {
  const { Command } = await ssm.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      InstanceIds,
      Parameters: { commands: [INSTALL], executionTimeout: ['120'] },
      TimeoutSeconds: 60,
      MaxErrors: '100%',
      ...over,
    }),
  );
  return Command?.CommandId ?? '';
}

/** How a command ended on one host. */
export interface Ended {
  readonly status: string;
  readonly details: string;
  readonly exitCode: number;
  readonly stderr: string;
}

/** Waits until no command is live. */
export async function end({ sim, ssm }: Scene, CommandId: string, InstanceId = HOST): Promise<Ended> {
  await expect.poll(() => sim.report().commands.live, { timeout: 8_000 }).toBe(0);
  const got = await ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }));
  return {
    status: got.Status ?? '',
    details: got.StatusDetails ?? '',
    exitCode: got.ResponseCode ?? 0,
    stderr: got.StandardErrorContent ?? '',
  };
}
