/**
 * The floor: what the same readings cost with the AWS SDK alone. One process, one client per service and region,
 * keep-alive, credentials assumed once per account, so many targets at once; no queue, no ledger, no log. A program of
 * its own: `node bare-loop.ts CONCURRENCY [--joined]`; prints one line of JSON.
 *
 * `--joined`: the second sweep of an organization whose instances have all joined, where Muster asks for neither
 * regions, nor credentials, nor the SSM inventory. The first, unmeasured pass fetches what is cached then.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
// oxlint-disable no-restricted-imports -- a baseline without Muster
import { AccountClient, paginateListRegions } from '@aws-sdk/client-account';
import { EC2Client, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { OrganizationsClient, paginateListAccounts } from '@aws-sdk/client-organizations';
import { paginateDescribeInstanceInformation, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
// oxlint-enable no-restricted-imports

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

const ROLE = 'teleport-organization-discovery-child-account-role';
const concurrency = Number(process.argv[2] ?? 20);
const joined = process.argv.includes('--joined');

const scope = new AsyncLocalStorage<Keys>();
const requestHandler = new NodeHttpHandler({ httpAgent: { keepAlive: true, maxSockets: 500 } });
const own = { requestHandler, cacheMiddleware: true, region: 'us-east-1' };
const member = {
  ...own,
  // The flag keeps the SDK from remembering the first account's keys.
  credentials: Object.assign(() => Promise.resolve(keysInScope()), { memoized: true }),
};
const organizations = new OrganizationsClient(own);
const sts = new STSClient(own);
const account = new AccountClient(member);
const ec2 = perRegion((region) => new EC2Client({ ...member, region }));
const ssm = perRegion((region) => new SSMClient({ ...member, region }));
const sessions = new Map<string, Keys>();
const regionsOf = new Map<string, readonly string[]>();

function keysInScope(): Keys {
  const keys = scope.getStore();
  if (keys === undefined) throw new Error('no account in scope');
  return keys;
}

function perRegion<Client>(create: (region: string) => Client): (region: string) => Client {
  const clients = new Map<string, Client>();
  return (region) => {
    const client = clients.get(region) ?? create(region);
    clients.set(region, client);
    return client;
  };
}

async function enter(accountId: string): Promise<Keys> {
  const known = sessions.get(accountId);
  if (known !== undefined) return known;
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${accountId}:role/${ROLE}`, RoleSessionName: 'bare' }),
  );
  const keys = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  sessions.set(accountId, keys);
  return keys;
}

async function listRegions(accountId: string): Promise<readonly string[]> {
  const known = regionsOf.get(accountId);
  if (known !== undefined) return known;
  const regions: string[] = [];
  const pages = paginateListRegions(
    { client: account },
    { MaxResults: 50, RegionOptStatusContains: ['ENABLED', 'ENABLED_BY_DEFAULT'] },
  );
  for await (const page of pages) regions.push(...(page.Regions ?? []).map((one) => one.RegionName ?? ''));
  regionsOf.set(accountId, regions);
  return regions;
}

/** How many instances a target has, and whether SSM knows them. */
async function readTarget(region: string, withNodes: boolean): Promise<number> {
  let seen = 0;
  const states = { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] };
  for await (const page of paginateDescribeInstances(
    { client: ec2(region) },
    { MaxResults: 1_000, Filters: [states] },
  )) {
    for (const reservation of page.Reservations ?? []) seen += reservation.Instances?.length ?? 0;
  }
  if (seen === 0 || !withNodes) return seen;
  const nodes = new Map<string, string>();
  for await (const page of paginateDescribeInstanceInformation({ client: ssm(region) }, { MaxResults: 50 })) {
    for (const node of page.InstanceInformationList ?? []) {
      nodes.set(node.InstanceId ?? '', node.PingStatus ?? '');
    }
  }
  return seen;
}

/** One pass over the organization; at most `concurrency` targets at once. */
async function sweep(withNodes: boolean): Promise<{ targets: number; instances: number }> {
  let targets = 0;
  let instances = 0;
  const waiting: (() => Promise<void>)[] = [];
  const accountIds: string[] = [];
  for await (const page of paginateListAccounts({ client: organizations }, { MaxResults: 20 })) {
    accountIds.push(...(page.Accounts ?? []).map((one) => one.Id ?? ''));
  }
  for (const accountId of accountIds) {
    waiting.push(async () => {
      const keys = await enter(accountId);
      const regions = await scope.run(keys, () => listRegions(accountId));
      for (const region of regions) {
        waiting.push(async () => {
          const seen = await scope.run(keys, () => readTarget(region, withNodes));
          instances += seen;
          targets += 1;
        });
      }
    });
  }
  const work = async (): Promise<void> => {
    for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) await task();
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return { targets, instances };
}

if (joined) await sweep(false);
const startedAt = performance.now();
const before = process.cpuUsage();
const read = await sweep(!joined);
const { user, system } = process.cpuUsage(before);
const result = {
  ...read,
  cpuMs: (user + system) / 1_000,
  wallMs: performance.now() - startedAt,
  peakRssMb: process.resourceUsage().maxRSS / 1_024,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
