import { AccountClient } from '@aws-sdk/client-account';
import { EC2Client } from '@aws-sdk/client-ec2';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
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
const HANDLER = { requestTimeout: 2_000, throwOnRequestTimeout: true };

/** Unmodified SDK clients that talk to a simulator; one attempt per call, so that every answer is seen. */
export interface SdkClients {
  readonly sts: STSClient;
  readonly organizations: OrganizationsClient;
  readonly account: AccountClient;
  readonly ec2: EC2Client;
  readonly ssm: SSMClient;
}

/** Clients with the given keys in a region. */
export function sdkClients(
  sim: AwsSim,
  credentials: Keys = DISCOVERY_KEYS,
  region = 'us-east-1',
): SdkClients {
  const config = { endpoint: sim.url, region, credentials, maxAttempts: 1, requestHandler: HANDLER };
  return {
    sts: new STSClient(config),
    organizations: new OrganizationsClient(config),
    account: new AccountClient(config),
    ec2: new EC2Client(config),
    ssm: new SSMClient(config),
  };
}

/** Name of the member role in tests. */
export const MEMBER_ROLE = 'teleport-organization-discovery-child-account-role';

/** Enters an account and gives clients in there. */
export async function memberClients(
  sim: AwsSim,
  accountId: string,
  region = 'us-east-1',
): Promise<SdkClients> {
  const { Credentials } = await sdkClients(sim).sts.send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${accountId}:role/${MEMBER_ROLE}`,
      RoleSessionName: 'test',
    }),
  );
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  return sdkClients(sim, keys, region);
}
