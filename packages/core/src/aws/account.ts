import { ListRegionsCommand, type ListRegionsCommandInput } from '@aws-sdk/client-account';
import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import { isJobError, JobError } from '../runtime/errors.ts';
import { type AccountId, Region } from '../organization/ids.ts';
import type { RoleReference } from '../scan/matcher.ts';
import type { AccountPort } from '../organization/organization-port.ts';
import type { Clients } from './clients.ts';
import type { Identities } from './credentials/identity.ts';
import { REGIONS_PAGE } from './limits.ts';
import { createMemberPages, requireList } from './pages.ts';
import type { Identity, Read } from './read-call.ts';

/**
 * Entering accounts, and their regions. The regions are asked in each account with its own session, where the bucket of 5 a
 * second is the account's own; asked centrally, all accounts would share the caller's.
 */
export function createAccount(deps: {
  readonly clients: Clients;
  readonly identities: Identities;
  readonly read: Read;
  /** A region that every account has enabled: where DescribeRegions is asked. */
  readonly homeRegion: Region;
}): AccountPort {
  const listPages = createMemberPages(deps);

  async function listByAccount(
    accountId: AccountId,
    role: RoleReference | null,
    signal: AbortSignal,
  ): Promise<Region[]> {
    const action = 'account:ListRegions';
    const regions = new Set<Region>();
    const input: ListRegionsCommandInput = {
      RegionOptStatusContains: ['ENABLED', 'ENABLED_BY_DEFAULT'],
      MaxResults: REGIONS_PAGE,
    };
    const pages = listPages({
      action,
      access: { accountId, role },
      region: null,
      signal,
      send: (page) => deps.clients.account.send(new ListRegionsCommand({ ...input, ...page })),
    });
    for await (const reply of pages) {
      for (const { RegionName } of requireList(reply.Regions, action, 'Regions')) {
        addRegion(regions, RegionName);
      }
    }
    return nonEmpty(regions, action);
  }

  async function listByEc2(accountId: AccountId, identity: Identity, signal: AbortSignal): Promise<Region[]> {
    const action = 'ec2:DescribeRegions';
    const reply = await deps.read(
      {
        action,
        accountId,
        region: deps.homeRegion,
        signal,
        patient: false,
        send: () => deps.clients.ec2(deps.homeRegion).send(new DescribeRegionsCommand({})),
      },
      identity,
    );
    const regions = new Set<Region>();
    for (const { RegionName } of requireList(reply.Regions, action, 'regionInfo')) {
      addRegion(regions, RegionName);
    }
    return nonEmpty(regions, action);
  }

  return {
    async enter(accountId, role, signal) {
      await deps.identities.member({ accountId, role }).keys(signal);
    },
    async listRegions(accountId, role, signal) {
      const identity = deps.identities.member({ accountId, role });
      // Apart from the listing: a role that cannot be assumed must not look like a missing permission.
      await identity.keys(signal);
      try {
        return await listByAccount(accountId, role, signal);
      } catch (refusal) {
        if (!isJobError(refusal, 'aws.denied')) throw refusal;
        return await listByEc2(accountId, identity, signal).catch((error: unknown) => {
          // The guide's role has ListRegions, so that is the action to name.
          throw isJobError(error, 'aws.denied') ? refusal : error;
        });
      }
    },
  };
}

function addRegion(regions: Set<Region>, name: string | undefined): void {
  const region = Region.safeParse(name);
  if (region.success) regions.add(region.data);
}

/** Every account has regions enabled: none at all is an answer that was not understood, not an empty account. */
function nonEmpty(regions: ReadonlySet<Region>, action: string): Region[] {
  if (regions.size > 0) return [...regions];
  throw new JobError('aws.unavailable', `${action} named no region`, { retry: 'backoff' });
}
