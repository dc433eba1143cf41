import type { OrganizationScope } from '../organization/account.ts';
import { JobError } from '../runtime/errors.ts';

/** Refuses to read another organization than the configured one. Throws `aws.organization`. */
export function assertOrganization(organizationId: string | null, scope: OrganizationScope): void {
  if (organizationId === scope.organizationId) return;
  const found = organizationId ?? 'an organization without an id';
  const message = `these credentials read ${found}, the configuration names ${scope.organizationId}`;
  throw new JobError('aws.organization', message, {
    retry: 'never',
    details: { configured: scope.organizationId, found: organizationId },
  });
}
