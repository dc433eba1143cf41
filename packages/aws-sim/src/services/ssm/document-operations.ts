import { hash } from 'node:crypto';
import type { SsmDocument } from '../../commands/documents.ts';
import { ServiceError } from '../../server/service-error.ts';
import { list, readRequest, required, structure, text } from '../../server/shapes.ts';
import type { Call, OperationTable } from '../../server/simulation.ts';

/** How long a new document is shown as being created, in simulated milliseconds. */
const CREATING_MS = 2_000;
const MAX_DOCUMENT_BYTES = 64 * 1024;
const NAME_OR_ARN = text({ pattern: /^[a-zA-Z0-9_\-.:/]{3,128}$/u });
const FORMAT = text({ oneOf: ['YAML', 'JSON', 'TEXT'] });
const VERSION = text({ pattern: /([$]LATEST|[$]DEFAULT|^[1-9][0-9]*$)/u });

function createDocument(call: Call, raw: unknown): unknown {
  const input = readRequest(
    'ssm',
    {
      Content: required(text({ min: 1 })),
      Name: required(text({ pattern: /^[a-zA-Z0-9_\-.]{3,128}$/u })),
      DisplayName: text({ max: 1024 }),
      VersionName: text({ pattern: /^[a-zA-Z0-9_\-.]{1,128}$/u }),
      DocumentType: text(),
      DocumentFormat: FORMAT,
      TargetType: text({ max: 200 }),
      Tags: list(
        structure({ Key: required(text({ min: 1, max: 128 })), Value: required(text({ max: 256 })) }),
      ),
    },
    raw,
  );
  if (/^(aws|amazon|amzn)/iu.test(input.Name)) {
    throw new ServiceError('ValidationException', 'Document names cannot start with aws, amazon or amzn.');
  }
  if (Buffer.byteLength(input.Content) > MAX_DOCUMENT_BYTES) {
    throw new ServiceError('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB.');
  }
  const format = input.DocumentFormat === 'YAML' ? 'YAML' : 'JSON';
  const document = call.sim.documents.create(call.caller.principal.accountId, call.caller.region, {
    name: input.Name,
    owner: call.caller.principal.accountId,
    content: input.Content,
    format,
    createdAtMs: call.nowMs,
  });
  return { DocumentDescription: describe(call, document) };
}

function findDocument(call: Call, name: string, version: string | undefined): SsmDocument {
  const document = call.sim.documents.find(call.caller.principal.accountId, call.caller.region, name);
  if (document === undefined) {
    throw new ServiceError('InvalidDocument', `Document with name ${name} does not exist.`);
  }
  if (version !== undefined && !['$DEFAULT', '$LATEST', '1'].includes(version)) {
    throw new ServiceError(
      'InvalidDocumentVersion',
      `The document version ${version} is not valid or does not exist.`,
    );
  }
  return document;
}

/** A document is being created for a moment; those that were there from the start are active. */
function statusOf(call: Call, document: SsmDocument): 'Creating' | 'Active' {
  const { clock } = call.sim;
  if (document.createdAtMs <= clock.startedAtMs) return 'Active';
  return (call.nowMs - document.createdAtMs) * clock.speed < CREATING_MS ? 'Creating' : 'Active';
}

function describe(call: Call, document: SsmDocument): Record<string, unknown> {
  return {
    Name: document.name,
    Owner: document.owner,
    Hash: hash('sha256', document.content, 'hex'),
    HashType: 'Sha256',
    CreatedDate: document.createdAtMs / 1000,
    Status: statusOf(call, document),
    DocumentVersion: '1',
    LatestVersion: '1',
    DefaultVersion: '1',
    Description: document.description,
    DocumentType: 'Command',
    DocumentFormat: document.format,
    SchemaVersion: document.schemaVersion,
    PlatformTypes: document.platformTypes,
    Parameters: [...document.parameters].map(([Name, parameter]) => ({
      Name,
      Type: parameter.type === 'StringList' ? 'StringList' : 'String',
      ...(parameter.default === undefined ? {} : { DefaultValue: parameter.default.join(',') }),
    })),
    Tags: [],
  };
}

function describeDocument(call: Call, raw: unknown): unknown {
  const input = readRequest('ssm', { Name: required(NAME_OR_ARN), DocumentVersion: VERSION }, raw);
  return { Document: describe(call, findDocument(call, input.Name, input.DocumentVersion)) };
}

function getDocument(call: Call, raw: unknown): unknown {
  const input = readRequest(
    'ssm',
    { Name: required(NAME_OR_ARN), DocumentVersion: VERSION, DocumentFormat: FORMAT },
    raw,
  );
  const document = findDocument(call, input.Name, input.DocumentVersion);
  return {
    Name: document.name,
    CreatedDate: document.createdAtMs / 1000,
    DocumentVersion: '1',
    Status: statusOf(call, document),
    Content: document.content,
    DocumentType: 'Command',
    DocumentFormat: document.format,
  };
}

/** Operations of SSM about documents. */
export const DOCUMENT_OPERATIONS: OperationTable<unknown, unknown> = {
  CreateDocument: { handle: createDocument },
  DescribeDocument: { handle: describeDocument },
  GetDocument: { handle: getDocument },
};
