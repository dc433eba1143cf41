import type { OrganizationScope } from '../../organization/account.ts';
import type { Matcher, RoleSelection } from '../../scan/matcher.ts';
import type { ConfigPath, Report } from '../source/report.ts';
import type { MatcherShape } from '../teleport-schema.ts';

type Partition = Matcher['partition'];

/** Who the worker becomes, and where. Null when a fault was reported. */
export interface RoleRules {
  readonly role: RoleSelection;
  readonly organization: OrganizationScope | null;
  readonly partition: Partition;
}

/**
 * Teleport's rules between role, external id and organization (`AWSMatcher.CheckAndSetDefaults`,
 * `validateOrganizationAccountDiscovery`), and what we add: an external id and a path with a role name.
 */
export function checkRole(shape: MatcherShape, report: Report): RoleRules | null {
  const arn = either(
    shape.assume_role_arn,
    ['assume_role_arn'],
    shape.assume_role?.role_arn,
    ['assume_role', 'role_arn'],
    report,
  );
  const name = either(
    shape.assume_role_name,
    ['assume_role_name'],
    shape.assume_role?.role_name,
    ['assume_role', 'role_name'],
    report,
  );
  const externalId = either(
    shape.external_id,
    ['external_id'],
    shape.assume_role?.external_id,
    ['assume_role', 'external_id'],
    report,
  );
  checkExternalId(externalId, report);
  const arnParts = arn.value === null ? null : ROLE_ARN.exec(arn.value);
  const partition = shape.partition ?? partitionOf(arnParts?.[1]) ?? 'aws';
  if (isOrganizationGiven(shape, report)) {
    const organization = checkOrganization(shape, report.within(['organization']));
    const role = checkRoleName(arn, name, externalId.value, report);
    return role === null || organization === null ? null : { role, organization, partition };
  }
  const role = checkRoleArn(shape, arn, name, externalId, report);
  if (role === null) return null;
  if (arnParts?.[1] !== undefined && arnParts[1] !== partition) {
    report.fault(['partition'], `the role is in the partition ${arnParts[1]}`);
    return null;
  }
  return { role, organization: null, partition };
}

interface Given {
  readonly value: string | null;
  readonly path: ConfigPath;
}

/** A value that has two spellings; both at once must say the same. Empty texts count as absent, as in Teleport. */
export function either(
  first: string | undefined,
  firstPath: ConfigPath,
  second: string | undefined,
  secondPath: ConfigPath,
  report: Report,
): Given {
  const a = first === '' ? undefined : first;
  const b = second === '' ? undefined : second;
  if (a !== undefined && b !== undefined && a !== b) {
    report.fault(
      secondPath,
      `says something else than ${firstPath.join('.')}: keep one of the two spellings`,
    );
  }
  return a !== undefined || b === undefined
    ? { value: a ?? null, path: firstPath }
    : { value: b, path: secondPath };
}

/**
 * As Teleport sees it, a block with nothing in it is no block. Unlike there, an id that is written as an empty text is an id
 * that is missing: without it the matcher would cover the account of the credentials instead.
 */
function isOrganizationGiven({ organization }: MatcherShape, report: Report): boolean {
  if (organization === undefined) return report.isFaulted(['organization']);
  return Object.values(organization).some((part) => part !== undefined) || report.isFaulted(['organization']);
}

const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;
const ROLE_ARN = /^arn:(aws[\w-]*):iam::(\d{12}):role\/((?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64})$/;
const PARTITIONS: readonly string[] = ['aws', 'aws-us-gov', 'aws-cn'] satisfies readonly Partition[];

function partitionOf(text: string | undefined): Partition | null {
  return text !== undefined && PARTITIONS.includes(text) ? (text as Partition) : null;
}

function checkRoleArn(
  shape: MatcherShape,
  arn: Given,
  name: Given,
  externalId: Given,
  report: Report,
): RoleSelection | null {
  if (name.value !== null) {
    report.fault(
      name.path,
      'a role name is for an organization: add the organization block, or give assume_role_arn for one account',
    );
    return null;
  }
  if (arn.value === null) {
    if (externalId.value !== null) {
      report.fault(
        externalId.path,
        `discovery service AWS matcher assume_role_arn is empty, but has external_id ${JSON.stringify(externalId.value)}`,
      );
    }
    if (report.isFaulted(arn.path) || report.isFaulted(['assume_role'])) return null;
    if (externalId.value !== null || refuseEmptyRole(shape, report)) return null;
    return { kind: 'ambient' };
  }
  const parts = ROLE_ARN.exec(arn.value);
  if (parts === null) {
    report.fault(
      arn.path,
      `invalid assume role: ${JSON.stringify(arn.value)} is no role ARN such as arn:aws:iam::111122223333:role/NAME`,
    );
    return null;
  }
  if (partitionOf(parts[1]) === null) {
    report.fault(
      arn.path,
      `invalid assume role: the partition ${parts[1] ?? ''} is not supported (${PARTITIONS.join(', ')} are)`,
    );
    return null;
  }
  return { kind: 'arn', arn: arn.value, externalId: externalId.value };
}

/** A role that is written as an empty text would move the matcher to the account of the worker's credentials. */
function refuseEmptyRole(shape: MatcherShape, report: Report): boolean {
  const written: readonly (readonly [string | undefined, ConfigPath])[] = [
    [shape.assume_role_arn, ['assume_role_arn']],
    [shape.assume_role_name, ['assume_role_name']],
    [shape.assume_role?.role_arn, ['assume_role', 'role_arn']],
    [shape.assume_role?.role_name, ['assume_role', 'role_name']],
  ];
  const empty = written.filter(([value]) => value === '');
  for (const [, path] of empty) {
    report.fault(
      path,
      "is empty, and without a role the matcher covers the account of the worker's credentials: write the role, or remove the line",
    );
  }
  return empty.length > 0;
}

function checkRoleName(
  arn: Given,
  name: Given,
  externalId: string | null,
  report: Report,
): RoleSelection | null {
  if (arn.value !== null || name.value?.startsWith('arn:') === true) {
    const path = arn.value === null ? name.path : arn.path;
    report.fault(path, 'assume role must be set to the role name (not the arn) when discovering accounts');
    return null;
  }
  if (name.value === null) {
    if (!report.isFaulted(name.path) && !report.isFaulted(['assume_role'])) {
      report.fault(['assume_role_name'], 'assume role name is required when organization id is set');
    }
    return null;
  }
  const path = name.value.replace(/^\//, '');
  if (!path.split('/').every((part) => ROLE_NAME.test(part)) || path.length > 512) {
    report.fault(
      name.path,
      'role is invalid: a name of 1 to 64 letters, digits and +=,.@_- is needed, after a path if the role has one',
    );
    return null;
  }
  return { kind: 'name', name: path, externalId };
}

function checkExternalId(externalId: Given, report: Report): void {
  if (externalId.value === null || /^[\w+=,.@:/-]{2,1224}$/.test(externalId.value)) return;
  report.fault(externalId.path, 'AWS allows 2 to 1224 letters, digits and +=,.@:/_- in an external id');
}

function checkOrganization(shape: MatcherShape, report: Report): OrganizationScope | null {
  const organizationId = shape.organization?.organization_id ?? '';
  const units = shape.organization?.organizational_units;
  if (organizationId === '') {
    if (!report.isFaulted(['organization_id'])) {
      report.fault(['organization_id'], 'organization ID required but missing');
    }
  } else if (!/^o-[a-z0-9]{4,32}$/.test(organizationId)) {
    report.fault(
      ['organization_id'],
      `an organization's id looks like o-a1b2c3d4e5, found ${JSON.stringify(organizationId)}`,
    );
  }
  if (units === undefined) {
    if (!report.isFaulted(['organizational_units'])) {
      report.fault(['organizational_units'], 'organizational units required but missing');
    }
    return null;
  }
  const at = report.within(['organizational_units']);
  const include = units.include ?? [];
  const exclude = units.exclude ?? [];
  if (include.length === 0 && !at.isFaulted(['include'])) {
    at.fault(
      ['include'],
      "at least one organizational unit must be included ('*' can be used to include everything)",
    );
  }
  if (exclude.includes('*')) at.fault(['exclude'], 'excluding all OUs is not supported');
  if (include.indexOf('*') > 0) {
    at.note(
      ['include'],
      'Muster takes the * as everything wherever it stands; Teleport only at the first place',
    );
  }
  checkUnitIds(include, 'include', at);
  checkUnitIds(exclude, 'exclude', at);
  return { organizationId, includeOus: include, excludeOus: exclude };
}

function checkUnitIds(ids: readonly string[], key: 'include' | 'exclude', report: Report): void {
  for (const [index, id] of ids.entries()) {
    if (id === '*' || isUnitId(id)) continue;
    const hint = /^\d{12}$/.test(id)
      ? `an account stands under ${key}_accounts of the matcher, not here`
      : `an id of a unit (ou-ab12-a1b2c3d4) or of the root (r-ab12) is needed${key === 'include' ? ', or "*"' : ''}`;
    report.fault([key, index], `${JSON.stringify(id)} matches nothing: ${hint}`);
  }
}

/** Whether it is the id of an organizational unit or of an organization's root. */
export function isUnitId(id: string): boolean {
  return /^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$/.test(id);
}
