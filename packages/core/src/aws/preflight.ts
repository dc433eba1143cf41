import { ListRegionsCommand } from '@aws-sdk/client-account';
import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import {
  ListAccountsCommand,
  ListAccountsForParentCommand,
  ListChildrenCommand,
  ListRootsCommand,
  type Root,
} from '@aws-sdk/client-organizations';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { type AwsAction, OPTIONAL_ORGANIZATION_ACTION } from '../organization/aws-actions.ts';
import { isJobError, JobError, messageOf } from '../runtime/errors.ts';
import { AccountId, Region } from '../organization/ids.ts';
import type { CallerFacts, OrganizationFacts, PreflightPort } from '../reports/preflight-port.ts';
import type { AwsClock } from './aws-clock.ts';
import { type CredentialSource, describeCredentialSource } from './credentials/base-credentials.ts';
import type { Clients } from './clients.ts';
import type { Identities } from './credentials/identity.ts';
import type { Read } from './read-call.ts';
import { readOrganizationId } from './schema.ts';

/** A parent that cannot exist: what is allowed answers ParentNotFoundException, what is not AccessDeniedException. */
const NO_PARENT = 'r-0000';

interface PreflightDeps {
  readonly clients: Clients;
  readonly identities: Identities;
  readonly read: Read;
  readonly clock: AwsClock;
  readonly stsRegion: string;
  /** As the adapter was given it; absent: the SDK's chain. */
  readonly credentialSource?: CredentialSource | undefined;
}

/** Calls that only ask whether they are allowed. */
export function createPreflight(deps: PreflightDeps): PreflightPort {
  return {
    describeCaller: (signal) => describeCaller(deps, signal),
    probeOrganization: (signal) => probeOrganization(deps, signal),
    async probeMember(access, action, signal) {
      const home = Region.parse(deps.stsRegion);
      const isEc2 = action === 'ec2:DescribeRegions';
      await deps.read(
        {
          action,
          accountId: access.accountId,
          region: isEc2 ? home : null,
          signal,
          patient: true,
          send: (): Promise<unknown> =>
            isEc2
              ? deps.clients.ec2(home).send(new DescribeRegionsCommand({ RegionNames: [home] }))
              : deps.clients.account.send(new ListRegionsCommand({ MaxResults: 1 })),
        },
        deps.identities.member(access),
      );
    },
  };
}

function asWorker<Reply>(
  deps: PreflightDeps,
  action: AwsAction,
  signal: AbortSignal,
  send: () => Promise<Reply>,
): Promise<Reply> {
  const call = { action, accountId: null, region: null, signal, patient: true, send };
  return deps.read(call, deps.identities.base);
}

async function describeCaller(deps: PreflightDeps, signal: AbortSignal): Promise<CallerFacts> {
  const source = await describeSource(deps);
  const aheadMs = (): number | null =>
    deps.clock.isKnown() ? deps.clock.machineNow() - deps.clock.now() : null;
  const reply = await asWorker(deps, 'sts:GetCallerIdentity', signal, () =>
    deps.clients.sts.send(new GetCallerIdentityCommand({})),
  ).catch((error: unknown) => {
    // A clock that is wrong looks like keys that are: the reader of the error should see both.
    if (!(error instanceof JobError)) throw error;
    const details = { ...error.details, clockOffsetMs: aheadMs(), source };
    throw new JobError(error.code, error.message, { retry: error.retry, details, cause: error });
  });
  const accountId = AccountId.safeParse(reply.Account);
  if (!accountId.success) {
    throw new JobError('aws.unavailable', 'sts:GetCallerIdentity answered without an account', {
      retry: 'backoff',
    });
  }
  return { accountId: accountId.data, arn: reply.Arn ?? '', source, clockOffsetMs: aheadMs() };
}

async function probeOrganization(deps: PreflightDeps, signal: AbortSignal): Promise<OrganizationFacts> {
  const { organizations } = deps.clients;
  const denied: { action: string; message: string }[] = [];
  const roots: Root[] = [];
  const probe = async (action: AwsAction, send: () => Promise<unknown>): Promise<void> => {
    try {
      await asWorker(deps, action, signal, send);
    } catch (error) {
      if (isJobError(error, 'aws.denied')) denied.push({ action, message: messageOf(error) });
      else if (isJobError(error, 'aws.invalid')) return;
      // Whether an optional action is allowed is not worth a failed check.
      else if (action !== OPTIONAL_ORGANIZATION_ACTION || !isJobError(error)) throw error;
    }
  };
  await probe('organizations:ListRoots', async () => {
    const reply = await organizations.send(new ListRootsCommand({}));
    roots.push(...(reply.Roots ?? []));
  });
  const ParentId = roots[0]?.Id ?? NO_PARENT;
  await probe('organizations:ListChildren', () =>
    organizations.send(
      new ListChildrenCommand({ ParentId, ChildType: 'ORGANIZATIONAL_UNIT', MaxResults: 1 }),
    ),
  );
  await probe('organizations:ListAccountsForParent', () =>
    organizations.send(new ListAccountsForParentCommand({ ParentId, MaxResults: 1 })),
  );
  await probe(OPTIONAL_ORGANIZATION_ACTION, () =>
    organizations.send(new ListAccountsCommand({ MaxResults: 1 })),
  );
  const management = /^arn:[\w-]+:organizations::(\d{12}):root\//.exec(roots[0]?.Arn ?? '')?.[1];
  return {
    organizationId: readOrganizationId(roots[0]?.Arn),
    managementAccountId: AccountId.safeParse(management).data ?? null,
    denied,
  };
}

/** Asks the source once more, apart from the keys in use, whose marks are not kept. Throws `aws.credentials` when it has none. */
async function describeSource(deps: {
  readonly credentialSource?: CredentialSource | undefined;
  readonly stsRegion: string;
}): Promise<string> {
  const source = deps.credentialSource ?? fromNodeProviderChain({ clientConfig: { region: deps.stsRegion } });
  try {
    return describeCredentialSource(await source());
  } catch (error) {
    throw new JobError('aws.credentials', `no usable AWS credentials: ${messageOf(error)}`, {
      retry: 'backoff',
      cause: error,
    });
  }
}
