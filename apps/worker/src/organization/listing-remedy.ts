import { ACCOUNT_TAGS_ACTION, ORGANIZATION_ACTIONS } from '@muster/core/organization/aws-actions';
import { isJobError } from '@muster/core/runtime/errors';
import { ACCOUNT_TAGS_REMEDY } from './account-tags.ts';

const AUTHORITY = 'the management account of the organization, or a delegated administrator of it';

/** What to do when the accounts could not be listed: as different as the errors are. */
export function listingRemedy(error: unknown): string {
  if (!isJobError(error)) return 'See the log of the worker: this is a mistake of Muster’s own.';
  switch (error.code) {
    case 'aws.denied':
      return error.details.missingAction === ACCOUNT_TAGS_ACTION
        ? ACCOUNT_TAGS_REMEDY
        : `Run the workers with credentials of ${AUTHORITY}, and allow ${ORGANIZATION_ACTIONS.join(', ')} there.`;
    case 'aws.organization':
      return `Give the workers credentials of ${AUTHORITY}, or correct organization.organization_id.`;
    case 'aws.credentials':
      return 'Give the workers credentials that AWS accepts: muster doctor says where they came from and what is wrong with them.';
    case 'aws.throttled':
      return 'Nothing to do: it is tried again. Others use up the quota of the Organizations API; it is shared by the whole organization.';
    case 'aws.invalid':
      return 'Check organization.organizational_units, include and exclude: AWS does not know one of them, or not below this root.';
    case 'aws.unavailable':
    case 'aws.region-off':
      return error.details.unreadable === true
        ? 'Something on the way answers instead of AWS: check the HTTP proxy of the workers, AWS_ENDPOINT_URL, and whether a page of the network stands between.'
        : 'Check that the workers reach the endpoint of AWS Organizations on port 443, also through their HTTP proxy; it is tried again by itself. muster doctor asks at once.';
    case 'config.invalid':
    case 'config.unsafe':
    case 'payload.invalid':
    case 'teleport.unavailable':
    case 'teleport.denied':
    case 'teleport.invalid':
    case 'ledger.unavailable':
    case 'ledger.corrupt':
    case 'bug.unknown':
      return 'See the log of the worker; it is tried again by itself.';
    default:
      return error.code satisfies never;
  }
}
