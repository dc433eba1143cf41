import type { AccountWork, DoctorReport } from './doctor-report.ts';

/** `muster doctor --missing-roles FILE`; docs/doctor.md describes it. */
export interface StackSetTargets {
  readonly version: 1;
  readonly createdAt: string;
  /** Accounts that the StackSet must reach: their role cannot be assumed. */
  readonly accounts: readonly AccountWork[];
  /** Accounts whose role is there and lacks actions: the StackSet's template must be updated. */
  readonly incomplete: readonly AccountWork[];
  /** Where the StackSet deploys to, per unit: accounts only count together with a unit above them. */
  readonly deploymentTargets: readonly {
    readonly OrganizationalUnitIds: readonly string[];
    readonly Accounts: readonly string[];
    readonly AccountFilterType: 'INTERSECTION';
  }[];
  /** Lacks the role too, and no StackSet reaches it: null when it does not. */
  readonly managementAccountId: string | null;
  /** Lines for a shell; `STACK_SET` is the name of your StackSet. */
  readonly commands: readonly string[];
}

/** Accounts per command: StackSets take thousands, command lines do not. */
const ACCOUNTS_PER_COMMAND = 100;

/**
 * The accounts that lack the member role, as what a service-managed StackSet takes. IAM is global, so one region is
 * enough; the management account, which no StackSet reaches, gets a plain stack.
 */
export function stackSetTargets(report: DoctorReport, homeRegion: string): StackSetTargets {
  const locked = report.accountWork.filter(({ missingRoles }) => missingRoles.length > 0);
  const incomplete = report.accountWork.filter(
    ({ missingRoles, missingActions }) => missingRoles.length === 0 && missingActions.length > 0,
  );
  const management = locked.find(({ accountId }) => accountId === report.managementAccountId) ?? null;
  const members = locked.filter((account) => account !== management);
  const byUnit = [...Map.groupBy(members, ({ units }) => unitOf(units))].toSorted(([a], [b]) =>
    a.localeCompare(b),
  );
  const targets = byUnit.flatMap(([unit, accounts]) =>
    chunksOf(accounts, ACCOUNTS_PER_COMMAND).map((some) => ({
      OrganizationalUnitIds: unit === '' ? [] : [unit],
      Accounts: some.map(({ accountId }) => accountId),
      AccountFilterType: 'INTERSECTION' as const,
    })),
  );
  return {
    version: 1,
    createdAt: report.finishedAt,
    accounts: locked,
    incomplete,
    deploymentTargets: targets.filter(({ OrganizationalUnitIds }) => OrganizationalUnitIds.length > 0),
    managementAccountId: management?.accountId ?? null,
    commands: [
      ...targets.map((target) => createInstances(target, homeRegion)),
      ...(management === null
        ? []
        : [
            `# ${management.accountId} is the management account, which no StackSet reaches: deploy the same template there as a stack`,
            `aws cloudformation deploy --stack-name muster-member-role --template-file cloudformation/member-role.yaml --capabilities CAPABILITY_NAMED_IAM --region ${homeRegion}`,
          ]),
      ...(incomplete.length === 0
        ? []
        : [
            `# ${incomplete.length} accounts have the role without all its permissions: update the template of the StackSet`,
            `aws cloudformation update-stack-set --stack-set-name "$STACK_SET" --template-body file://cloudformation/member-role.yaml --capabilities CAPABILITY_NAMED_IAM --region ${homeRegion}`,
          ]),
    ],
  };
}

/** The unit that an account is in. The commands are for a shell: what is no id of AWS's alphabet does not get into them. */
function unitOf(units: readonly string[]): string {
  const unit = units.at(-1) ?? '';
  return /^(r|ou)-[a-z0-9-]+$/.test(unit) ? unit : '';
}

function createInstances(target: StackSetTargets['deploymentTargets'][number], region: string): string {
  const accounts = target.Accounts;
  const where =
    target.OrganizationalUnitIds.length === 0
      ? `--accounts ${accounts.join(' ')}`
      : `--deployment-targets '${JSON.stringify(target)}'`;
  return `aws cloudformation create-stack-instances --stack-set-name "$STACK_SET" ${where} --regions ${region} --operation-preferences FailureToleranceCount=${accounts.length},MaxConcurrentPercentage=100 --region ${region}`;
}

/** The same as a script to read before it is run. */
export function stackSetScript(targets: StackSetTargets): string {
  return [
    '#!/bin/sh',
    '# Gives the member role to the accounts that lack it. Written by muster doctor; read it before you run it:',
    '#   STACK_SET=muster-member-role sh FILE',
    '# Templates are those of muster init; run it in the folder that muster init wrote.',
    'set -eu',
    ': "${STACK_SET:?set it to the name of the StackSet of the member role}"',
    ...targets.commands,
    '',
  ].join('\n');
}

function chunksOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
