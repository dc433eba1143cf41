import { type ErrorCode, type ErrorDetails, JobError } from '@muster/core/runtime/errors';
import { expect, test } from 'vitest';
import { listingRemedy } from './list-accounts.ts';

function failed(code: ErrorCode, message = 'no', details: ErrorDetails = {}): JobError {
  return new JobError(code, message, { retry: 'backoff', details });
}

test.each([
  ['a refused action', failed('aws.denied'), 'organizations:ListRoots'],
  [
    'a refused look at tags',
    failed('aws.denied', 'no', { missingAction: 'organizations:ListTagsForResource' }),
    'organizations:ListTagsForResource',
  ],
  ['another organization', failed('aws.organization'), 'organization_id'],
  ['bad credentials', failed('aws.credentials'), 'muster doctor'],
  ['a throttle', failed('aws.throttled'), 'Nothing to do'],
  ['a unit that is not there', failed('aws.invalid'), 'organizational_units'],
  ['no answer', failed('aws.unavailable'), 'port 443'],
  ['an answer of something else', failed('aws.unavailable', 'x', { unreadable: true }), 'AWS_ENDPOINT_URL'],
  ['a mistake of ours', new Error('x'), 'log of the worker'],
])('%s has the remedy that fits it', (_what, error, words) => {
  expect(listingRemedy(error)).toContain(words);
});
