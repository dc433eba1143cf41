import type { InstanceFilter } from '@muster/api/instances';
import { Owner } from '@muster/api/scopes';
import { Cause } from '@muster/core/enrollment/cause';
import { ENROLLMENT_STATES } from '@muster/core/enrollment/record';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import type { ApiDeps } from './api-deps.ts';
import { faultsOfWords } from './list-request.ts';
import type { RequestFault } from './problem.ts';

/**
 * Words of a filter that no instance can have: a slip would be answered with an empty list, as if all were well. A state or cause
 * of a newer release is one while instances have it.
 *
 * @param met null before the first reading, and where only Muster's own words are asked for
 */
export function faultsOfFilter(
  { state, cause, owner }: Pick<InstanceFilter, 'state' | 'cause' | 'owner'>,
  met: OrganizationStatus['instances'] | null,
): readonly RequestFault[] {
  return [
    ...faultsOfWords('state', state ?? [], [...ENROLLMENT_STATES, ...Object.keys(met?.byState ?? {})]),
    ...faultsOfWords('cause', cause ?? [], [...Cause.options, ...Object.keys(met?.byCause ?? {})]),
    ...faultsOfWords('owner', owner ?? [], Owner.options),
  ];
}

/** The same, by the snapshot that the API has: read only for a word that is not Muster's own, since a list would wait for it. */
export async function checkFilter(
  filter: InstanceFilter,
  { readSnapshot }: Pick<ApiDeps, 'readSnapshot'>,
): Promise<readonly RequestFault[]> {
  const faults = faultsOfFilter(filter, null);
  if (faults.length === 0) return faults;
  const { value } = await readSnapshot();
  return faultsOfFilter(filter, value?.status.instances ?? null);
}
