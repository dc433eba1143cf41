import type { MusterConfig } from '@muster/core/config/model';
import type { HostManagementPort } from '@muster/core/organization/host-management';
import type { AnyJob, PayloadOf } from '@muster/core/jobs/define-job';
import type { AccountPort, OrganizationPort } from '@muster/core/organization/organization-port';
import type { Tracing } from '@muster/core/tracing/tracing';
import type { LedgerClock } from '@muster/core/runtime/clock-port';
import type { CommandsPort } from '@muster/core/install/command';
import type { InstancesPort } from '@muster/core/scan/instance';
import type { PreflightPort } from '@muster/core/reports/preflight-port';
import type { ReportLedger } from '@muster/core/reports/report';
import type { TeleportPort } from '@muster/core/inventory/teleport-port';
import type { SeenEpochs } from './control/seen-epochs.ts';
import type { SentCommands } from './install/sent-commands.ts';
import type { WorkerTimings } from './timings.ts';
import type { SendOutlook } from './rollout/send-permission.ts';
import type { Ledger } from '@muster/core/control/ledger';

/** Puts jobs into the queue. They only say "now": what must be done stands in the ledger's due indexes already. */
export type EnqueueJobs = <Job extends AnyJob>(
  job: Job,
  payloads: readonly PayloadOf<Job>[],
  /** `first`: ahead of all that waits in the queue. */
  options?: { readonly first: boolean },
) => Promise<void>;

/** Everything the handlers are made of. A function that needs up to four parts of it names them with `Pick`. */
export interface HandlerDeps {
  readonly config: MusterConfig;
  /** 12 hexadecimal digits; in every command's marker. */
  readonly installation: string;
  readonly timings: WorkerTimings;
  readonly clock: LedgerClock;
  readonly ledger: Ledger;
  readonly organization: OrganizationPort;
  readonly accounts: AccountPort;
  readonly instances: InstancesPort;
  readonly hostManagement: HostManagementPort;
  readonly commands: CommandsPort;
  readonly teleport: TeleportPort;
  readonly preflight: PreflightPort;
  readonly reports: ReportLedger;
  readonly enqueue: EnqueueJobs;
  readonly tracing: Tracing;
  readonly seenEpochs: SeenEpochs;
  /** What this process has sent, told by itself. */
  readonly sent: SentCommands;
  /** Whether, why and until when sends are withheld, as known within the last second. */
  readonly sendOutlook: () => Promise<SendOutlook>;
  /** A new ULID. */
  readonly newId: () => string;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
  /** Epoch ms: what failed since is not tried again by this process. Null in a process that goes on for good. */
  readonly leaveFailedSinceMs: number | null;
  /** Takes known secrets out of text from outside before it is kept. */
  readonly redact: (text: string) => string;
}
