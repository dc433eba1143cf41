import { type CommonFault, commonError, ServiceError, type ServiceName } from '../server/service-error.ts';
import {
  formatAmzDate,
  parseAmzDate,
  readSignature,
  type RequestSignature,
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
  const header = readSignature(request);
  if (header === null) throw refusal(guessService(request), 'missing-signature');
  if (header === 'incomplete') throw refusal(guessService(request), 'incomplete-signature');
  if (!SERVICES.has(header.service)) {
    throw new ServiceError('UnknownEndpoint', `There is no service ${header.service} here.`, 404);
  }
  const service = header.service as ServiceName;
  const credentials = book.find(header.accessKeyId);
  if (credentials === undefined) throw refusal(service, 'unknown-token');
  if (header.sessionToken !== credentials.sessionToken) throw refusal(service, 'unknown-token');
  checkAge(service, header, nowMs);
  const mustBeSigned = ['host', ...(header.presignedSeconds === null ? headersToSign(request) : [])];
  const signed = mustBeSigned.every((name) => header.signedHeaders.includes(name));
  if (!signed || !verifier.matches(request, header, credentials.secretAccessKey)) {
    throw refusal(service, 'bad-signature');
  }
  if (credentials.expiresAtMs <= nowMs) throw refusal(service, 'expired-token');
  return { principal: credentials.principal, service, region: header.region };
}

/** Headers that a signature in the headers has to cover, as far as they are there. */
function headersToSign(request: SignedRequest): string[] {
  return ['x-amz-date', 'x-amz-security-token'].filter((name) => request.headers[name] !== undefined);
}

function refusal(service: ServiceName, fault: CommonFault): ServiceError {
  return commonError(service, fault);
}

function checkAge(service: ServiceName, signature: RequestSignature, nowMs: number): void {
  const { amzDate, presignedSeconds } = signature;
  const signedAtMs = parseAmzDate(amzDate);
  if (Number.isNaN(signedAtMs) || !amzDate.startsWith(signature.date)) {
    throw commonError(service, 'bad-signature');
  }
  const validityMs = presignedSeconds === null ? SIGNATURE_VALIDITY_MS : presignedSeconds * 1000;
  const tooOld = signedAtMs < nowMs - validityMs;
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
  const [path, query] = request.url.split('?', 2);
  if (path !== '/') return 'account';
  const version = 'Version=2016-11-15';
  return request.body.includes(version) || query?.includes(version) === true ? 'ec2' : 'sts';
}
