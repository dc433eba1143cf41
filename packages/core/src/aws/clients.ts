import { AccountClient } from '@aws-sdk/client-account';
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { type AwsClock, signByClock } from './aws-clock.ts';
import { scopedCredentials } from './call-scope.ts';
import { collectAnswer } from './collect-answer.ts';
import { LeanEc2Protocol } from './lean-instances/read-instances.ts';
import type { PartitionRegions } from './partition.ts';
import type { ScopedHandler } from './request-handler.ts';
import { SigningHash } from './signing-hash.ts';

/** The SDK's clients: one per service and region, whatever the number of accounts. */
export interface Clients {
  ec2(region: string): EC2Client;
  ssm(region: string): SSMClient;
  readonly account: AccountClient;
  readonly organizations: OrganizationsClient;
  readonly sts: STSClient;
}

/** AWS has about 40 regions; the bound is against a configuration or a reply gone wild. */
const MAX_REGIONS = 100;

/**
 * The SDK copies every input and output, cleaned of secrets, for a logger that it then calls, also when that one does
 * nothing, as its default does: 5 % of a worker's CPU (SDK 3.1169). It does not for a method that is missing.
 */
const NO_LOG = { debug: () => undefined, warn: () => undefined } as unknown as NonNullable<
  EC2ClientConfig['logger']
>;

/**
 * The SDK's own strategy retries nothing with one attempt, but makes for each call an error with its stack, a random id, and two
 * more headers to sign (@smithy/core 3.41, retryMiddleware).
 */
const NO_RETRIES: NonNullable<EC2ClientConfig['retryStrategy']> = { retry: (next, args) => next(args) };

/**
 * SDK retries are off in all of them: SendCommand has no client token, so that a retry below us could run an installer twice,
 * and the SDK's retry budget is per client, which here would mean shared by all accounts. `read-call.ts` retries reads.
 */
export function createClients(deps: {
  readonly handler: ScopedHandler;
  readonly regions: PartitionRegions;
  readonly clock: AwsClock;
}): Clients {
  const shared = {
    credentials: scopedCredentials,
    requestHandler: deps.handler,
    maxAttempts: 1,
    retryStrategy: NO_RETRIES,
    cacheMiddleware: true,
    customUserAgent: 'muster',
    logger: NO_LOG,
    streamCollector: collectAnswer,
    sha256: SigningHash,
  };
  const signing = <Client extends { readonly config: object }>(client: Client): Client =>
    signByClock(client, deps.clock);
  const ec2 = perRegion((region) => signing(new EC2Client({ ...shared, region, protocol: LeanEc2Protocol })));
  const ssm = perRegion((region) => signing(new SSMClient({ ...shared, region })));
  return {
    ec2,
    ssm,
    account: signing(new AccountClient({ ...shared, region: deps.regions.global })),
    organizations: signing(new OrganizationsClient({ ...shared, region: deps.regions.global })),
    sts: signing(new STSClient({ ...shared, region: deps.regions.sts })),
  };
}

/** Keeps the clients used last. One that drops out is left to the garbage collector: `destroy` would end the shared sockets. */
function perRegion<Client>(create: (region: string) => Client): (region: string) => Client {
  const clients = new Map<string, Client>();
  return (region) => {
    const known = clients.get(region);
    if (known !== undefined) return known;
    const [oldest] = clients.keys();
    if (clients.size >= MAX_REGIONS && oldest !== undefined) clients.delete(oldest);
    const client = create(region);
    clients.set(region, client);
    return client;
  };
}
