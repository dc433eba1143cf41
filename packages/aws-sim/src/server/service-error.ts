/** The services there are, by the name in the scope of a signature. */
export type ServiceName = 'sts' | 'organizations' | 'account' | 'ec2' | 'ssm';

/** An answer that is an error, as the service words it. */
export class ServiceError extends Error {
  /** Code on the wire. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** Further members of the answer, for the JSON protocols. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, status = 400, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.members = members;
  }
}

/** Situations every service has, each with words of its own. */
export type CommonFault =
  | 'throttled'
  | 'internal'
  | 'unavailable'
  | 'expired-token'
  | 'unknown-token'
  | 'bad-signature'
  | 'missing-signature'
  | 'incomplete-signature'
  | 'unknown-operation';

type Words = readonly [code: string, status: number, message: string];

const BAD_SIGNATURE =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
const BAD_TOKEN = 'The security token included in the request is invalid.';
const INCOMPLETE =
  "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters and either a 'X-Amz-Date' or a 'Date' header.";
const EXPIRED = 'The security token included in the request is expired';
const EC2_AUTH = 'AWS was not able to validate the provided access credentials';

const JSON_WORDS = {
  'expired-token': ['ExpiredTokenException', 400, EXPIRED],
  'unknown-token': ['UnrecognizedClientException', 400, BAD_TOKEN],
  'bad-signature': ['InvalidSignatureException', 400, BAD_SIGNATURE],
  'missing-signature': ['MissingAuthenticationTokenException', 400, 'Missing Authentication Token'],
  'incomplete-signature': ['IncompleteSignatureException', 400, INCOMPLETE],
  'unknown-operation': ['UnknownOperationException', 400, 'The operation is not known.'],
  unavailable: ['ServiceUnavailableException', 503, 'Service Unavailable'],
} as const satisfies Partial<Record<CommonFault, Words>>;

const WORDS: Readonly<Record<ServiceName, Readonly<Record<CommonFault, Words>>>> = {
  ssm: {
    ...JSON_WORDS,
    throttled: ['ThrottlingException', 400, 'Rate exceeded'],
    internal: ['InternalServerError', 500, 'An error occurred on the server side.'],
  },
  organizations: {
    ...JSON_WORDS,
    throttled: [
      'TooManyRequestsException',
      400,
      "AWS Organizations can't complete your request because another request is already in progress. Try again later.",
    ],
    internal: [
      'ServiceException',
      500,
      "AWS Organizations can't complete your request because of an internal service error. Try again later.",
    ],
  },
  account: {
    throttled: ['TooManyRequestsException', 429, 'Too Many Requests'],
    internal: ['InternalServerException', 500, 'Internal Server Error'],
    unavailable: ['ServiceUnavailableException', 503, 'Service Unavailable'],
    'expired-token': ['ExpiredTokenException', 403, EXPIRED],
    'unknown-token': ['UnrecognizedClientException', 403, BAD_TOKEN],
    'bad-signature': ['InvalidSignatureException', 403, BAD_SIGNATURE],
    'missing-signature': ['MissingAuthenticationTokenException', 403, 'Missing Authentication Token'],
    'incomplete-signature': ['IncompleteSignatureException', 403, INCOMPLETE],
    'unknown-operation': ['UnknownOperationException', 404, 'The operation is not known.'],
  },
  sts: {
    throttled: ['Throttling', 400, 'Rate exceeded'],
    internal: ['InternalFailure', 500, 'The request processing has failed because of an unknown error.'],
    unavailable: ['ServiceUnavailable', 503, 'Service is unavailable'],
    'expired-token': ['ExpiredToken', 403, 'The security token included in the request is expired'],
    'unknown-token': ['InvalidClientTokenId', 403, BAD_TOKEN],
    'bad-signature': ['SignatureDoesNotMatch', 403, BAD_SIGNATURE],
    'missing-signature': ['MissingAuthenticationToken', 403, 'Request is missing Authentication Token'],
    'incomplete-signature': ['IncompleteSignature', 400, INCOMPLETE],
    'unknown-operation': ['InvalidAction', 400, 'Could not find operation for this version'],
  },
  ec2: {
    throttled: ['RequestLimitExceeded', 503, 'Request limit exceeded.'],
    internal: ['InternalError', 500, 'An internal error has occurred'],
    unavailable: ['Unavailable', 503, 'The service is unavailable. Please try again shortly.'],
    'expired-token': ['RequestExpired', 400, 'Request has expired.'],
    'unknown-token': ['AuthFailure', 401, EC2_AUTH],
    'bad-signature': ['AuthFailure', 401, EC2_AUTH],
    'missing-signature': ['MissingParameter', 400, 'The request must contain the parameter AWSAccessKeyId'],
    'incomplete-signature': ['IncompleteSignature', 400, INCOMPLETE],
    'unknown-operation': ['InvalidAction', 400, 'The action is not valid for this web service.'],
  },
};

/** The error of a common situation in a service's own words; `message` replaces the usual text. */
export function commonError(service: ServiceName, fault: CommonFault, message?: string): ServiceError {
  const [code, status, usual] = WORDS[service][fault];
  return new ServiceError(code, message ?? usual, status);
}

/** The 5xx a fault rule asks for, in a service's own words. */
export function serverError(service: ServiceName, status: number): ServiceError {
  const [code, , message] = WORDS[service][status === 503 ? 'unavailable' : 'internal'];
  return new ServiceError(code, message, status);
}

/** What is denied to whom. */
export interface Denial {
  /** `ssm:SendCommand` */
  readonly action: string;
  readonly principalArn: string;
  readonly resource: string;
  readonly reason: 'identity' | 'scp';
}

/** The access error of a service. */
export function deniedError(service: ServiceName, denial: Denial): ServiceError {
  const because =
    denial.reason === 'scp'
      ? 'with an explicit deny in a service control policy'
      : `because no identity-based policy allows the ${denial.action} action`;
  const who = `User: ${denial.principalArn} is not authorized to perform: ${denial.action}`;
  if (service === 'ec2') {
    return new ServiceError(
      'UnauthorizedOperation',
      `You are not authorized to perform this operation. ${who} ${because}`,
      403,
    );
  }
  if (service === 'sts') {
    return new ServiceError('AccessDenied', `${who} on resource: ${denial.resource}`, 403);
  }
  const status = service === 'account' ? 403 : 400;
  return new ServiceError(
    'AccessDeniedException',
    `${who} on resource: ${denial.resource} ${because}`,
    status,
  );
}
