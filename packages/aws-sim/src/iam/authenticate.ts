import { type CommonFault, commonError, ServiceError, type ServiceName } from '../server/service-error.ts';
import {
  formatAmzDate,
  parseAmzDate,
  parseAuthorization,
  SIGNATURE_VALIDITY_MS,
  type SignatureVerifier,
  type SignedRequest,
} from '../server/sigv4.ts';
import type { CredentialBook, Principal } from './principals.ts';

/** Who called what, as far as the signature says. */
export interface Caller {
  readonly principal: Principal;
  readonly service: ServiceName;
  readonly region: string;
}

const SERVICES: ReadonlySet<string> = new Set<ServiceName>(['sts', 'organizations', 'account', 'ec2', 'ssm']);

/**
 * Finds the caller of a request.
 * @throws {ServiceError} as the service would refuse it: no signature, unknown or expired keys, a wrong secret, a
 * signature more than five minutes off. The region and account checks come later.
 */
export function authenticate(
  request: SignedRequest,
  book: CredentialBook,
  verifier: SignatureVerifier,
  nowMs: number,
): Caller {
  const authorization = request.headers['authorization'];
  const header = typeof authorization === 'string' ? parseAuthorization(authorization) : null;
  if (header === null) throw refusal(guessService(request), 'missing-signature');
  if (!SERVICES.has(header.service)) {
    throw new ServiceError('UnknownEndpoint', `There is no service ${header.service} here.`, 404);
  }
  const service = header.service as ServiceName;
  const credentials = book.find(header.accessKeyId);
  if (credentials === undefined) throw refusal(service, 'unknown-token');
  const token = request.headers['x-amz-security-token'];
  if ((typeof token === 'string' ? token : null) !== credentials.sessionToken) {
    throw refusal(service, 'unknown-token');
  }
  checkAge(service, request, header.date, nowMs);
  const mustBeSigned = [
    'host',
    'x-amz-date',
    ...(credentials.sessionToken === null ? [] : ['x-amz-security-token']),
  ];
  const signed = mustBeSigned.every((name) => header.signedHeaders.includes(name));
  if (!signed || !verifier.matches(request, header, credentials.secretAccessKey)) {
    throw refusal(service, 'bad-signature');
  }
  if (credentials.expiresAtMs <= nowMs) throw refusal(service, 'expired-token');
  return { principal: credentials.principal, service, region: header.region };
}

function refusal(service: ServiceName, fault: CommonFault): ServiceError {
  return commonError(service, fault);
}

function checkAge(service: ServiceName, request: SignedRequest, scopeDate: string, nowMs: number): void {
  const amzDate = request.headers['x-amz-date'];
  const signedAtMs = typeof amzDate === 'string' ? parseAmzDate(amzDate) : Number.NaN;
  if (Number.isNaN(signedAtMs) || typeof amzDate !== 'string' || !amzDate.startsWith(scopeDate)) {
    throw commonError(service, 'bad-signature');
  }
  const tooOld = signedAtMs < nowMs - SIGNATURE_VALIDITY_MS;
  if (!tooOld && signedAtMs <= nowMs + SIGNATURE_VALIDITY_MS) return;
  if (service === 'ec2') throw commonError(service, 'expired-token');
  const now = formatAmzDate(nowMs);
  const bound = formatAmzDate(nowMs + (tooOld ? -1 : 1) * SIGNATURE_VALIDITY_MS);
  const message = tooOld
    ? `Signature expired: ${amzDate} is now earlier than ${bound} (${now} - 5 min.)`
    : `Signature not yet current: ${amzDate} is still later than ${bound} (${now} + 5 min.)`;
  throw commonError(service, 'bad-signature', message);
}

/** Without a signature, the shape of the request is all there is to tell in whose words to refuse. */
export function guessService(request: SignedRequest): ServiceName {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return target.startsWith('AmazonSSM') ? 'ssm' : 'organizations';
  if (request.url !== '/') return 'account';
  return request.body.includes('Version=2016-11-15') ? 'ec2' : 'sts';
}
