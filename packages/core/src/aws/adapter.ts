import { Region } from '../organization/ids.ts';
import type { AccountPort, OrganizationPort } from '../organization/organization-port.ts';
import type { HostManagementPort } from '../organization/host-management.ts';
import type { AwsCallObserver } from '../organization/aws-actions.ts';
import { randomShare } from '../runtime/clock.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { CommandsPort } from '../install/command.ts';
import type { InstancesPort } from '../scan/instance.ts';
import type { Logger } from '../runtime/logger-port.ts';
import { NO_TRACING, type Tracing } from '../tracing/tracing.ts';
import type { PreflightPort } from '../reports/preflight-port.ts';
import { createAccount } from './account.ts';
import { createAttempts } from './attempt.ts';
import { createAwsClock } from './aws-clock.ts';
import { createBaseCredentials, type CredentialSource } from './credentials/base-credentials.ts';
import { createClients } from './clients.ts';
import { createCommands } from './commands.ts';
import { createIdentities } from './credentials/identity.ts';
import { createHostManagement } from './host-management.ts';
import { createInstances } from './instances.ts';
import { createOrganizations } from './organizations.ts';
import { PARTITION_REGIONS, type Partition } from './partition.ts';
import { createPreflight } from './preflight.ts';
import { createReader } from './read-call.ts';
import { createScopedHandler } from './request-handler.ts';

/** What the AWS adapter is built from. The SDK itself reads AWS_ENDPOINT_URL and its other variables. */
export interface AwsAdapterDeps {
  readonly clock: Clock;
  /** Told of every HTTP request once it has ended. Calls made as the worker itself (Organizations, STS) carry a null account. */
  readonly observe: AwsCallObserver;
  readonly partition: Partition;
  /** Region of STS and of DescribeRegions; must be enabled by default. @default us-east-1, us-gov-west-1 or cn-north-1 */
  readonly homeRegion?: string;
  /** Sockets per origin. @default 500: real AWS has one origin per service and region, a simulator one for everything */
  readonly maxSockets?: number;
  /** @default the SDK's chain: environment, profile, web identity, container, instance */
  readonly baseCredentials?: CredentialSource;
  /** Who this process is, for CloudTrail of the member accounts: sessions are called `muster-NAME`. @default "muster" alone */
  readonly sessionName?: string;
  readonly log?: Logger;
  /** @default none */
  readonly tracing?: Tracing;
  /** For jitter: 0 (included) to 1. @default a random one */
  readonly random?: () => number;
}

/** All of AWS that Muster talks to. */
export interface AwsAdapter
  extends OrganizationPort,
    AccountPort,
    InstancesPort,
    HostManagementPort,
    CommandsPort,
    PreflightPort {
  /** Ends what is in flight and closes the sockets. Calls after it fail. */
  close(): void;
}

/** Puts the AWS adapter together; one per process, since its sessions, clients and sockets are what is shared. */
export function createAwsAdapter(deps: AwsAdapterDeps): AwsAdapter {
  const clock = createAwsClock(deps.clock);
  const { observe } = deps;
  const lifetime = new AbortController();
  const defaults = PARTITION_REGIONS[deps.partition];
  const regions = { sts: deps.homeRegion ?? defaults.sts, global: defaults.global };
  const handler = createScopedHandler({ clock, maxSockets: deps.maxSockets ?? 500 });
  const clients = createClients({ handler, regions, clock });
  const attempt = createAttempts({ clock, observe, tracing: deps.tracing ?? NO_TRACING });
  const read = createReader({ attempt, clock, random: deps.random ?? randomShare });
  const identities = createIdentities({
    read,
    attempt,
    baseCredentials: createBaseCredentials({ clock, stsRegion: regions.sts, source: deps.baseCredentials }),
    sts: clients.sts,
    clock,
    lifetime: lifetime.signal,
    sessionName: sessionNameOf(deps.sessionName),
  });
  const shared = { clients, identities, attempt, read, clock, log: deps.log ?? null };
  return {
    ...createOrganizations(shared),
    ...createAccount({ ...shared, homeRegion: Region.parse(regions.sts) }),
    ...createInstances(shared),
    ...createHostManagement(shared),
    ...createCommands(shared),
    ...createPreflight({
      ...shared,
      stsRegion: regions.sts,
      credentialSource: deps.baseCredentials,
    }),
    awsAheadMs: () => (clock.isKnown() ? clock.now() - deps.clock.now() : 0),
    close() {
      lifetime.abort(new Error('the AWS adapter was closed'));
      handler.destroy();
    },
  };
}

/** RoleSessionName takes 2 to 64 of `[\w+=,.@-]`. */
function sessionNameOf(name: string | undefined): string {
  return name === undefined ? 'muster' : `muster-${name}`.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 64);
}
