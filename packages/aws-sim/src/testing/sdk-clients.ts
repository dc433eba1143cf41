import { AccountClient } from '@aws-sdk/client-account';
import { EC2Client } from '@aws-sdk/client-ec2';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { AwsSim } from '../start.ts';

/** Keys as the SDK takes them. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The discovery principal's long-term keys. */
export const DISCOVERY_KEYS: Keys = {
  accessKeyId: 'SIMULATEDMUSTERKEY00',
  secretAccessKey: 'simulated-secret',
};

/** A silent server must not hold a test for ever. */
const REQUEST_TIMEOUT_MS = 2_000;

/** Unmodified SDK clients that talk to a simulator; one attempt per call, so that every answer is seen. */
export interface SdkClients {
  readonly sts: STSClient;
  readonly organizations: OrganizationsClient;
  readonly account: AccountClient;
  readonly ec2: EC2Client;
  readonly ssm: SSMClient;
}

/** Where clients call, and as whom: what is absent the SDK finds for itself, in its environment and files. */
export interface ClientSource {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: Keys;
  readonly requestTimeoutMs: number;
}

/** Clients of that source; one attempt per call. */
export function clientsOf({ requestTimeoutMs, ...source }: ClientSource): SdkClients {
  const requestHandler = { requestTimeout: requestTimeoutMs, throwOnRequestTimeout: true };
  const config = { ...source, maxAttempts: 1, requestHandler };
  return {
    sts: new STSClient(config),
    organizations: new OrganizationsClient(config),
    account: new AccountClient(config),
    ec2: new EC2Client(config),
    ssm: new SSMClient(config),
  };
}

/** Clients with the given keys in a region. */
export function sdkClients(
  sim: AwsSim,
  credentials: Keys = DISCOVERY_KEYS,
  region = 'us-east-1',
): SdkClients {
  return clientsOf({ endpoint: sim.url, region, credentials, requestTimeoutMs: REQUEST_TIMEOUT_MS });
}

/** Name of the member role in tests. */
export const MEMBER_ROLE = 'teleport-organization-discovery-child-account-role';

/** Enters an account: the keys of the session. */
export async function memberKeys(sim: AwsSim, accountId: string): Promise<Keys> {
  return sessionKeys(sdkClients(sim), { RoleArn: `arn:aws:iam::${accountId}:role/${MEMBER_ROLE}` });
}

/** Assumes a role: the keys of the session. */
export async function sessionKeys(
  { sts }: SdkClients,
  role: { readonly RoleArn: string; readonly ExternalId?: string },
): Promise<Keys> {
  const { Credentials } = await sts.send(new AssumeRoleCommand({ ...role, RoleSessionName: 'test' }));
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

/** Enters an account and gives clients in there. */
export async function memberClients(
  sim: AwsSim,
  accountId: string,
  region = 'us-east-1',
): Promise<SdkClients> {
  return sdkClients(sim, await memberKeys(sim, accountId), region);
}

/** The account that clients call as. */
export async function callerAccount({ sts }: SdkClients): Promise<string> {
  const { Account = '' } = await sts.send(new GetCallerIdentityCommand({}));
  return Account;
}
