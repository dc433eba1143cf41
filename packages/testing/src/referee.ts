import type { AwsSimReport } from '@muster/aws-sim/report/report';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';

export interface RefereeOptions {
  /** Whether the world stood still, so that what Muster knows must equal what there is. @default true */
  readonly staticWorld?: boolean;
  /** States beside joined, ineligible and failed in which an instance may rest. @default none */
  readonly restingStates?: readonly string[];
}

/**
 * The promises, as the simulator's own count and the ledger's status show them after a run; one sentence per breach,
 * none when all is well.
 */
export function refereeFaults(
  report: AwsSimReport,
  status: OrganizationStatus,
  options: RefereeOptions = {},
): readonly string[] {
  const faults: string[] = [];
  const expect = (holds: boolean, sentence: string): void => {
    if (!holds) faults.push(sentence);
  };
  const { instances, sweep, commands } = status;
  expect(report.installs.whileLive === 0, `${report.installs.whileLive} sends while a command was live`);
  expect(report.installs.afterJoined === 0, `${report.installs.afterJoined} sends after the node had joined`);
  expect(report.commands.live === 0, `${report.commands.live} commands have not ended`);
  expect(report.commands.sent === report.commands.terminal, 'not every command is terminal');
  expect(commands.live === 0, `${commands.live} commands are live in the ledger`);
  const { joined = 0, ineligible = 0, lost = 0, failed = 0, ...others } = instances.byState;
  const resting = new Set(options.restingStates);
  const restless = Object.entries(others).filter(([state]) => !resting.has(state));
  expect(restless.length === 0, `instances without an end: ${JSON.stringify(Object.fromEntries(restless))}`);
  expect(sum(instances.byState) === instances.total, 'the states do not sum to the total');
  expect(
    sum(instances.byCause) === ineligible + failed + lost,
    'the causes do not sum to ineligible + failed + lost',
  );
  const { total, ...byStatus } = sweep.targets;
  expect(sum(byStatus) === total, 'the targets do not sum to their total');
  if (options.staticWorld ?? true) {
    expect(
      instances.total === report.readableInstances,
      `${instances.total} instances known, ${report.readableInstances} there`,
    );
    expect(joined === report.joined, `${joined} known as joined, ${report.joined} joined`);
  }
  return faults;
}

/** @throws {Error} with every breach, the report and the status */
export function assertReferee(
  report: AwsSimReport,
  status: OrganizationStatus,
  options?: RefereeOptions,
): void {
  const faults = refereeFaults(report, status, options);
  if (faults.length === 0) return;
  const facts = `report ${JSON.stringify(report)}\nstatus ${JSON.stringify(status)}`;
  throw new Error(`the promises do not hold:\n- ${faults.join('\n- ')}\n${facts}`);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
