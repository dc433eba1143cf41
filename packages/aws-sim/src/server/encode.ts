import type { ServiceError, ServiceName } from './service-error.ts';
import { element, wrap } from './xml.ts';

/** An answer as it goes over the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const XML_PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n';
const STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const EC2_NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/';

/** Errors of SSM's model carry `Message`; what all services share carries `message`. */
const LOWER_CASE_MESSAGE = new Set([
  'AccessDeniedException',
  'ThrottlingException',
  'ValidationException',
  'SerializationException',
  'UnrecognizedClientException',
  'ExpiredTokenException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'IncompleteSignatureException',
  'UnknownOperationException',
  'ServiceUnavailableException',
]);

/** Puts an operation's output into its service's protocol. */
export function encodeSuccess(
  service: ServiceName,
  operation: string,
  output: unknown,
  requestId: string,
): WireAnswer {
  if (service === 'sts') {
    const result = wrap(`${operation}Result`, String(output));
    const metadata = wrap('ResponseMetadata', element('RequestId', requestId));
    const body = `<${operation}Response xmlns="${STS_NAMESPACE}">${result}${metadata}</${operation}Response>`;
    return answer(200, 'text/xml', body, requestId);
  }
  if (service === 'ec2') {
    const inner = `${element('requestId', requestId)}${String(output)}`;
    const body = `${XML_PROLOG}<${operation}Response xmlns="${EC2_NAMESPACE}">${inner}</${operation}Response>`;
    return answer(200, 'text/xml;charset=UTF-8', body, requestId);
  }
  return answer(200, JSON_TYPES[service], JSON.stringify(output), requestId);
}

const JSON_TYPES = {
  ssm: 'application/x-amz-json-1.1',
  organizations: 'application/x-amz-json-1.1',
  account: 'application/json',
} as const;

/** Puts an error into its service's protocol. */
export function encodeError(service: ServiceName, error: ServiceError, requestId: string): WireAnswer {
  const { code, status, message, members } = error;
  if (service === 'sts') {
    const type = status >= 500 ? 'Receiver' : 'Sender';
    const inner = wrap('Error', element('Type', type) + element('Code', code) + element('Message', message));
    const body = `<ErrorResponse xmlns="${STS_NAMESPACE}">${inner}${element('RequestId', requestId)}</ErrorResponse>`;
    return answer(status, 'text/xml', body, requestId);
  }
  if (service === 'ec2') {
    const inner = wrap('Errors', wrap('Error', element('Code', code) + element('Message', message)));
    const body = `${XML_PROLOG}<Response>${inner}${element('RequestID', requestId)}</Response>`;
    return answer(status, 'text/xml;charset=UTF-8', body, requestId);
  }
  if (service === 'account') {
    const plain = answer(status, JSON_TYPES.account, JSON.stringify({ message, ...members }), requestId);
    return { ...plain, headers: { ...plain.headers, 'x-amzn-ErrorType': code } };
  }
  const key = LOWER_CASE_MESSAGE.has(code) ? 'message' : 'Message';
  const body = JSON.stringify({ __type: code, [key]: message, ...members });
  return answer(status, JSON_TYPES[service], body, requestId);
}

function answer(status: number, contentType: string, body: string, requestId: string): WireAnswer {
  return { status, headers: { 'content-type': contentType, 'x-amzn-RequestId': requestId }, body };
}
