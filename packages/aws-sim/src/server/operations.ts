import { ACCOUNT_OPERATIONS } from '../services/account/operations.ts';
import { EC2_OPERATIONS } from '../services/ec2/operations.ts';
import { ORGANIZATIONS_OPERATIONS } from '../services/organizations/operations.ts';
import { COMMAND_OPERATIONS } from '../services/ssm/command-operations.ts';
import { DOCUMENT_OPERATIONS } from '../services/ssm/document-operations.ts';
import { NODE_OPERATIONS } from '../services/ssm/node-operations.ts';
import { SETTING_OPERATIONS } from '../services/ssm/setting-operations.ts';
import { STS_OPERATIONS } from '../services/sts/operations.ts';
import { type QueryParams, readQueryParams } from './query-params.ts';
import { commonError, ServiceError, type ServiceName } from './service-error.ts';
import type { SignedRequest } from './sigv4.ts';
import type { Call, OperationTable } from './simulation.ts';

/** An operation with its input read. */
export interface FoundOperation {
  readonly name: string;
  /** The bucket it draws from, when it is not its own. */
  readonly bucket: string | undefined;
  readonly run: (call: Call) => unknown;
}

const SSM_OPERATIONS: OperationTable<unknown, unknown> = {
  ...NODE_OPERATIONS,
  ...COMMAND_OPERATIONS,
  ...DOCUMENT_OPERATIONS,
  ...SETTING_OPERATIONS,
};

const VERSIONS = { sts: '2011-06-15', ec2: '2016-11-15' } as const;
const TARGETS = { ssm: 'AmazonSSM.', organizations: 'AWSOrganizationsV20161128.' } as const;
const ACCOUNT_PATHS: Readonly<Record<string, string>> = {
  '/listRegions': 'ListRegions',
  '/getRegionOptStatus': 'GetRegionOptStatus',
};

/** All operations there are, as `service:Operation`. */
export const KNOWN_APIS: readonly string[] = [
  ...Object.keys(STS_OPERATIONS).map((name) => `sts:${name}`),
  ...Object.keys(ORGANIZATIONS_OPERATIONS).map((name) => `organizations:${name}`),
  ...Object.keys(ACCOUNT_OPERATIONS).map((name) => `account:${name}`),
  ...Object.keys(EC2_OPERATIONS).map((name) => `ec2:${name}`),
  ...Object.keys(SSM_OPERATIONS).map((name) => `ssm:${name}`),
];

/**
 * Finds the operation a request is about.
 * @throws {ServiceError} no such operation, or a body that cannot be read.
 */
export function findOperation(service: ServiceName, request: SignedRequest): FoundOperation {
  if (service === 'sts') return findQueryOperation('sts', STS_OPERATIONS, request);
  if (service === 'ec2') return findQueryOperation('ec2', EC2_OPERATIONS, request);
  if (service === 'ssm') return findJsonOperation('ssm', SSM_OPERATIONS, request);
  if (service === 'organizations') return findJsonOperation(service, ORGANIZATIONS_OPERATIONS, request);
  const path = request.url.split('?', 1)[0] ?? '';
  return bind(service, ACCOUNT_OPERATIONS, ACCOUNT_PATHS[path], () => readJson(request));
}

function findQueryOperation(
  service: 'sts' | 'ec2',
  operations: OperationTable<QueryParams, string>,
  request: SignedRequest,
): FoundOperation {
  const query = request.url.split('?', 2)[1] ?? '';
  const params = readQueryParams(`${query}&${request.body.toString('utf8')}`);
  const action = params.get('Action') ?? '';
  const version = params.get('Version') ?? 'NO_VERSION_SPECIFIED';
  if (version !== VERSIONS[service]) {
    const message = `Could not find operation ${action} for version ${version}`;
    throw new ServiceError('InvalidAction', message);
  }
  return bind(service, operations, action, () => params);
}

function findJsonOperation(
  service: 'ssm' | 'organizations',
  operations: OperationTable<unknown, unknown>,
  request: SignedRequest,
): FoundOperation {
  const target = request.headers['x-amz-target'];
  const prefix = TARGETS[service];
  const name =
    typeof target === 'string' && target.startsWith(prefix) ? target.slice(prefix.length) : undefined;
  return bind(service, operations, name, () => readJson(request));
}

function bind<I, O>(
  service: ServiceName,
  operations: OperationTable<I, O>,
  name: string | undefined,
  readInput: () => I,
): FoundOperation {
  const operation = name !== undefined && Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (operation === undefined || name === undefined) throw commonError(service, 'unknown-operation');
  const input = readInput();
  return { name, bucket: operation.bucket?.(input), run: (call) => operation.handle(call, input) };
}

function readJson(request: SignedRequest): unknown {
  if (request.body.length === 0) return {};
  let input: unknown;
  try {
    input = JSON.parse(request.body.toString('utf8'));
  } catch {
    throw new ServiceError('SerializationException', 'The request body is not valid JSON.');
  }
  if (typeof input === 'object' && !Array.isArray(input)) return input ?? {};
  throw new ServiceError('SerializationException', 'The request body is not a JSON object.');
}
