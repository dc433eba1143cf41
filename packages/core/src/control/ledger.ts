import type { Redis } from 'ioredis';
import type { MacKey } from '../install/mac.ts';
import { USUAL_PACING, type PacingSettings } from '../install/pacing.ts';
import type { Logger } from '../runtime/logger-port.ts';
import { createKeys } from '../redis/keys.ts';
import { createPlaceChanges } from '../organization/place-change-store.ts';
import { type ApprovalLedger, createApprovalLedger } from './approval-store.ts';
import { type ActionLedger, createActionLedger } from './actions/action-store.ts';
import { type AuditLedger, createAuditLedger } from './audit/audit-store.ts';
import { createChangeLedger } from '../enrollment/change-store.ts';
import { createClockLedger, type ClockLedger } from './clock-store.ts';
import { createControlLedger, type ControlLedger } from './control-store.ts';
import { createCoverageLedger, type CoverageLedger } from '../organization/coverage-store.ts';
import { createDueLedger, type DueLedger } from '../jobs/due-store.ts';
import { createEpochLedger, type EpochLedger } from './epoch-store.ts';
import { type BrakeLedger, createBrakeLedger } from '../rollout/brake-store.ts';
import { type CapLedger, createCapLedger } from '../rollout/cap-store.ts';
import { createRecordCopies } from '../enrollment/record-copy-store.ts';
import { createEnrollmentLedger, type EnrollmentLedger } from '../enrollment/enrollment-store.ts';
import { createPacingLedger, type PacingLedger } from '../install/pacing-store.ts';
import {
  createHostManagementLedger,
  type HostManagementLedger,
} from '../organization/host-management-store.ts';
import { createHistoryLedger, type HistoryLedger } from '../history/history-store.ts';
import { createLabelLedger, type LabelLedger } from '../inventory/label-store.ts';
import { createOtherDiscoveryLedger, type OtherDiscoveryLedger } from '../rollout/other-discovery-store.ts';
import { createLeftAccounts, type LeftAccounts } from '../organization/left-account-store.ts';
import { createMuteLedger, type MuteLedger } from './mute-store.ts';
import { createNotifyLedger, type NotifyLedger } from '../notify/notify-store.ts';
import { createNodeLedger, type NodeLedger } from '../inventory/node-store.ts';
import { createOutputLedger, type OutputLedger } from '../install/output-store.ts';
import { createOwnerLedger, type OwnerLedger } from './owner-store.ts';
import { createScanLedger, type ScanLedger } from '../scan/scan-store.ts';
import { defineScripts } from '../redis/scripts.ts';
import { createSetAsideLedger, type SetAsideLedger } from '../enrollment/set-aside-store.ts';
import { createStatisticsLedger, type StatisticsLedger } from '../reports/statistics-store.ts';
import { createUnansweredLedger, type UnansweredLedger } from '../organization/unanswered-store.ts';
import { createSelectionLedger, type SelectionLedger } from '../rollout/selection/selection-store.ts';
import { createWaveLedger, type WaveLedger } from '../rollout/waves/wave-store.ts';
import { createRampLedger, type RampLedger } from '../rollout/ramp/ramp-store.ts';
import { type AccessLedger, createAccessLedger } from './access/access-store.ts';
import { createWaitLedger, type WaitLedger } from '../rollout/wait-store.ts';

/** Everything the ledger is, so that a handler can name the parts it needs. */
export interface Ledger {
  readonly enrollments: EnrollmentLedger;
  readonly changes: ReturnType<typeof createChangeLedger>;
  readonly placeChanges: ReturnType<typeof createPlaceChanges>;
  readonly copies: ReturnType<typeof createRecordCopies>;
  readonly due: DueLedger;
  readonly coverage: CoverageLedger;
  readonly scans: ScanLedger;
  readonly control: ControlLedger;
  readonly epochs: EpochLedger;
  readonly caps: CapLedger;
  readonly brake: BrakeLedger;
  readonly approvals: ApprovalLedger;
  readonly actions: ActionLedger;
  readonly audit: AuditLedger;
  readonly mutes: MuteLedger;
  readonly notify: NotifyLedger;
  readonly waves: WaveLedger;
  readonly clocks: ClockLedger;
  readonly waits: WaitLedger;
  readonly selection: SelectionLedger;
  readonly ramps: RampLedger;
  readonly unanswered: UnansweredLedger;
  readonly hostManagement: HostManagementLedger;
  readonly outputs: OutputLedger;
  readonly owner: OwnerLedger;
  readonly setAside: SetAsideLedger;
  readonly nodes: NodeLedger;
  readonly leftAccounts: LeftAccounts;
  readonly otherDiscovery: OtherDiscoveryLedger;
  readonly labels: LabelLedger;
  readonly statistics: StatisticsLedger;
  readonly history: HistoryLedger;
  readonly pacing: PacingLedger;
  readonly access: AccessLedger;
}

/** The ledger on Redis. The connection stays the caller's: it is not closed here. */
export function createRedisLedger(deps: {
  readonly redis: Redis;
  readonly prefix: string;
  readonly log: Logger;
  /** @default USUAL_PACING */
  readonly pacing?: PacingSettings;
  /** Keys that seal records, asked for at every write: a running process may take up others. @default none */
  readonly markerKeys?: () => readonly MacKey[];
}): Ledger {
  const keys = createKeys(deps.prefix);
  const run = defineScripts(deps.redis);
  const shared = { redis: deps.redis, keys, run };
  const enrollments = createEnrollmentLedger({
    ...shared,
    log: deps.log,
    markerKeys: deps.markerKeys ?? (() => []),
  });
  const control = createControlLedger({ ...shared, prefix: deps.prefix });
  const epochs = createEpochLedger(shared);
  const approvals = createApprovalLedger(shared);
  return {
    enrollments,
    changes: createChangeLedger(shared),
    placeChanges: createPlaceChanges(shared),
    copies: createRecordCopies({ ...shared, log: deps.log }),
    due: createDueLedger(shared),
    coverage: createCoverageLedger(shared),
    scans: createScanLedger(shared),
    control,
    epochs,
    caps: createCapLedger(shared),
    brake: createBrakeLedger(shared),
    unanswered: createUnansweredLedger(shared),
    hostManagement: createHostManagementLedger(shared),
    outputs: createOutputLedger(shared),
    ramps: createRampLedger(shared),
    waits: createWaitLedger({ ...shared, enrollments }),
    selection: createSelectionLedger(shared),
    setAside: createSetAsideLedger(shared),
    owner: createOwnerLedger({ ...shared, prefix: deps.prefix, control, epochs, log: deps.log }),
    approvals,
    actions: createActionLedger(shared),
    audit: createAuditLedger(shared),
    mutes: createMuteLedger(shared),
    notify: createNotifyLedger(shared),
    waves: createWaveLedger({ ...shared, enrollments, approvals }),
    clocks: createClockLedger(shared),
    nodes: createNodeLedger(shared),
    leftAccounts: createLeftAccounts(shared),
    otherDiscovery: createOtherDiscoveryLedger(shared),
    labels: createLabelLedger(shared),
    statistics: createStatisticsLedger(shared),
    history: createHistoryLedger(shared),
    access: createAccessLedger(shared),
    pacing: createPacingLedger({
      keys,
      run,
      settings: deps.pacing ?? USUAL_PACING,
    }),
  };
}
