import {
  type ErrorCode,
  JobError,
  messageOf,
  type RetryAdvice,
  UNREADABLE_ANSWER,
} from '../runtime/errors.ts';

/**
 * What an answer of AWS means to us. `expired` and `unrecognized` are not final: new keys are tried once, and `unrecognized`
 * is also how a region that is off for the account answers.
 */
export type FaultKind =
  | 'throttled'
  | 'denied'
  | 'expired'
  | 'unrecognized'
  | 'base-credentials'
  | 'region-off'
  | 'organization'
  | 'page-token'
  | 'invalid'
  | 'unavailable'
  | 'unknown';

/** One failed call, read from whatever the SDK threw. */
export interface AwsFault {
  readonly kind: FaultKind;
  /** Whether it is an answer of AWS with a code, not an error page of something on the way or a text that could not be read. */
  readonly isCoded: boolean;
  /** AWS's own code, such as `UnauthorizedOperation`; the error's name where no answer came. */
  readonly awsCode: string;
  /** Null when no answer came. */
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  /** An answer came that the SDK cannot read. */
  readonly isUnreadable: boolean;
  /** AWS's words, at most 500 characters. */
  readonly message: string;
  /** From `Retry-After` or `x-amz-retry-after`; null without. */
  readonly retryAfterMs: number | null;
  readonly cause: unknown;
}

/** The action and the place of a call, for messages and details. */
export interface CallPlace {
  /** IAM's spelling: `ec2:DescribeInstances`. */
  readonly action: string;
  readonly accountId: string | null;
  readonly region: string | null;
}

/** The one table from the SDK's error names to meanings (botocore 1.43 service models, SDK 3.1169's own lists). */
const KIND_BY_NAME: ReadonlyMap<string, FaultKind> = new Map(
  (
    [
      [
        'throttled',
        'BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException SlowDown ThrottledException Throttling ThrottlingException TooManyRequestsException TransactionInProgressException',
      ],
      [
        'denied',
        'AccessDenied AccessDeniedException UnauthorizedOperation UnauthorizedAccess Blocked PendingVerification AccessDeniedForDependencyException',
      ],
      [
        'expired',
        'ExpiredToken ExpiredTokenException RequestExpired RequestInTheFuture RequestTimeTooSkewed InvalidSignatureException SignatureDoesNotMatch IncompleteSignature',
      ],
      [
        'unrecognized',
        'AuthFailure OptInRequired UnrecognizedClientException InvalidClientTokenId NotAuthorized MissingAuthenticationToken MissingAuthenticationTokenException',
      ],
      ['base-credentials', 'CredentialsProviderError TokenProviderError ProviderError'],
      ['region-off', 'RegionDisabledException'],
      ['organization', 'AWSOrganizationsNotInUseException'],
      ['page-token', 'InvalidNextToken InvalidPaginationToken InvalidNextTokenException'],
      [
        'invalid',
        'ValidationException ValidationError InvalidInputException InvalidParameterValue InvalidParameterCombination InvalidParameter InvalidParameters MissingParameter UnknownParameter FilterLimitExceeded InvalidFilter InvalidFilterKey InvalidFilterValue InvalidInstanceInformationFilterValue InvalidAction MalformedQueryString ParentNotFoundException TargetNotFoundException AccountNotFoundException MalformedPolicyDocument PackedPolicyTooLarge InvalidInstanceId InvalidInstanceID.NotFound InvalidInstanceID.Malformed InvalidCommandId InvalidPluginName InvocationDoesNotExist DuplicateInstanceId InvalidDocument InvalidDocumentVersion MaxDocumentSizeExceeded UnsupportedPlatformType InvalidOutputFolder InvalidRole InvalidNotificationConfig InvalidOutputLocation ServiceQuotaExceededException',
      ],
      [
        'unavailable',
        'TimeoutError RequestTimeout RequestTimeoutException InternalError InternalFailure InternalServerError InternalServerException ServiceException ServiceUnavailable ServiceUnavailableException Unavailable IDPCommunicationError AbortError',
      ],
    ] satisfies readonly (readonly [FaultKind, string])[]
  ).flatMap(([kind, names]) => names.split(' ').map((name) => [name, kind] as const)),
);

/** Node's codes of a connection that failed before or during a call. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPROTO',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** What the SDK calls an error answer that carries no code. */
const CODELESS_NAMES: ReadonlySet<string> = new Set(['Unknown', 'UnknownError', 'NotFound', 'Error']);

/** NodeHttpHandler's own time-out of a connection carries no code, only this text (@smithy/node-http-handler 4.14, set-connection-timeout). */
const NEVER_CONNECTED = 'did not establish a connection with the server';

/** What the SDK adds to the message of an answer that it cannot read: for its user's debugger, and for no person (@smithy/core 3.41, schemaDeserializationMiddleware). */
const SDK_HINT = /\s*Deserialization error: to see the raw response, inspect the hidden field .*$/s;

/** The words of an error for people; of an answer that could not be read, that it could not. The error itself loses the hint too: logs print it as a cause. */
function wordsOf(error: unknown): string {
  const words = messageOf(error);
  if (!SDK_HINT.test(words)) return words;
  const plain = words.replace(SDK_HINT, '');
  if (error instanceof Error) error.message = plain;
  return `${UNREADABLE_ANSWER} (${plain})`;
}

/** Reads what the SDK, Node or a credential provider threw. `nowMs` dates a `Retry-After` that is a date. */
export function readFault(error: unknown, nowMs: number): AwsFault {
  const name = error instanceof Error ? error.name : 'Unknown';
  const metadata = recordOf(fieldOf(error, '$metadata'));
  const status = metadata['httpStatusCode'];
  const requestId = metadata['requestId'];
  const httpStatus = typeof status === 'number' ? status : null;
  const code = fieldOf(error, 'code');
  const awsCode = name === 'Error' && typeof code === 'string' ? code : name;
  // The SDK sets `$fault` on what it read as an error of the service, and on nothing else.
  const isCoded = fieldOf(error, '$fault') !== undefined && !CODELESS_NAMES.has(name);
  return {
    kind: kindOf(error, name, httpStatus, isCoded),
    isCoded,
    awsCode,
    httpStatus,
    requestId: typeof requestId === 'string' ? requestId : null,
    isUnreadable: SDK_HINT.test(messageOf(error)),
    message: wordsOf(error).slice(0, 500),
    retryAfterMs: retryAfterMs(error, nowMs),
    cause: error,
  };
}

function kindOf(error: unknown, name: string, httpStatus: number | null, isCoded: boolean): FaultKind {
  const known = KIND_BY_NAME.get(name);
  if (known !== undefined) return known;
  if (httpStatus === 429) return 'throttled';
  if (httpStatus !== null && httpStatus >= 500) return 'unavailable';
  if (httpStatus !== null && !isCoded) return 'unavailable';
  if (isNetworkError(error)) return 'unavailable';
  return 'unknown';
}

function isNetworkError(error: unknown, depth = 0): boolean {
  const code = fieldOf(error, 'code');
  if (typeof code === 'string' && NETWORK_CODES.has(code)) return true;
  return (
    depth < 5 && error instanceof Error && error.cause !== undefined && isNetworkError(error.cause, depth + 1)
  );
}

/** Whether no connection ever came to be, so that nothing can have been sent: refused, unroutable, unresolved, or timed out connecting. */
export function neverConnected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(neverConnected);
  const syscall = fieldOf(error, 'syscall');
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  return error instanceof Error && error.name === 'TimeoutError' && error.message.includes(NEVER_CONNECTED);
}

/** The error a caller gets for a fault, once nothing more is tried. */
export function toJobError(fault: AwsFault, place: CallPlace): JobError {
  const [code, retry] = verdictOf(fault);
  const denied = code === 'aws.denied';
  const separator = place.action.indexOf(':');
  const where = [place.accountId, place.region].filter((part) => part !== null).join('/');
  return new JobError(
    code,
    `${place.action}${where === '' ? '' : ` in ${where}`}: ${fault.awsCode}: ${fault.message}`,
    {
      retry,
      details: {
        service: place.action.slice(0, separator),
        operation: place.action.slice(separator + 1),
        accountId: place.accountId,
        region: place.region,
        awsCode: fault.awsCode,
        httpStatus: fault.httpStatus,
        requestId: fault.requestId,
        retryAfterMs: fault.retryAfterMs,
        missingAction: denied ? (missingAction(fault.message) ?? place.action) : null,
        unreadable: fault.isUnreadable,
        scp: denied && fault.message.includes('service control policy'),
      },
      cause: fault.cause,
    },
  );
}

/** How long a throttled job waits when AWS names no time. */
const THROTTLE_PAUSE_MS = 2_000;

function verdictOf(fault: AwsFault): readonly [ErrorCode, RetryAdvice] {
  const later: RetryAdvice = fault.retryAfterMs === null ? 'backoff' : { afterMs: fault.retryAfterMs };
  switch (fault.kind) {
    case 'throttled':
      return ['aws.throttled', { afterMs: fault.retryAfterMs ?? THROTTLE_PAUSE_MS }];
    case 'denied':
      return ['aws.denied', 'never'];
    case 'region-off':
      return ['aws.region-off', 'never'];
    case 'base-credentials':
      return ['aws.credentials', 'backoff'];
    case 'organization':
      return ['aws.organization', 'never'];
    case 'invalid':
      return ['aws.invalid', 'never'];
    case 'expired':
    case 'unrecognized':
    case 'page-token':
    case 'unavailable':
      return ['aws.unavailable', later];
    case 'unknown':
      return ['bug.unknown', 'backoff'];
    default:
      return fault.kind satisfies never;
  }
}

/** `… is not authorized to perform: ec2:DescribeInstances …`: for findings only; the call itself names the action where the text does not. */
function missingAction(message: string): string | null {
  return /not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)/.exec(message)?.[1] ?? null;
}

function retryAfterMs(error: unknown, nowMs: number): number | null {
  const headers = recordOf(fieldOf(fieldOf(error, '$response'), 'headers'));
  const exactMs = Number(headers['x-amz-retry-after'] ?? Number.NaN);
  if (exactMs >= 0) return exactMs;
  const value = headers['retry-after'];
  if (typeof value !== 'string' || value === '') return null;
  const seconds = Number(value);
  if (seconds >= 0) return seconds * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
