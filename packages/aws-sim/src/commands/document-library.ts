import { ServiceError } from '../server/service-error.ts';
import { AMAZON_DOCUMENTS, type DocumentSource, parseDocument, type SsmDocument } from './documents.ts';

/** The documents of every account and region. */
export interface DocumentLibrary {
  /** By name or ARN, as seen from an account and region. */
  find(accountId: string, region: string, name: string): SsmDocument | undefined;
  /** @throws {ServiceError} DocumentAlreadyExists, or why the content is refused. */
  create(accountId: string, region: string, source: DocumentSource): SsmDocument;
}

/** A library with Amazon's documents, and `everywhere` deployed to all accounts and regions. */
export function createDocumentLibrary(
  everywhere: ReadonlyMap<string, string>,
  createdAtMs: number,
): DocumentLibrary {
  const own = new Map<string, SsmDocument>();
  const deployed = new Map<string, SsmDocument>();
  for (const [name, content] of everywhere) {
    const format = content.trimStart().startsWith('{') ? 'JSON' : 'YAML';
    deployed.set(name, parseDocument({ name, owner: '', content, format, createdAtMs }));
  }

  function find(accountId: string, region: string, nameOrArn: string): SsmDocument | undefined {
    const arn = /^arn:aws(?:-us-gov|-cn)?:ssm:([a-z0-9-]+):(\d{12})?:document\/(.+)$/u.exec(nameOrArn);
    if (arn !== null && (arn[1] !== region || (arn[2] !== undefined && arn[2] !== accountId))) {
      return undefined;
    }
    const name = arn?.[3] ?? nameOrArn;
    const mine = own.get(`${accountId}/${region}/${name}`);
    if (mine !== undefined) return mine;
    const shared = deployed.get(name);
    return shared === undefined ? AMAZON_DOCUMENTS.get(name) : { ...shared, owner: accountId };
  }

  return {
    find,
    create(accountId, region, source) {
      if (find(accountId, region, source.name) !== undefined) {
        throw new ServiceError(
          'DocumentAlreadyExists',
          `Document with same name ${source.name} already exists`,
        );
      }
      const document = parseDocument(source);
      own.set(`${accountId}/${region}/${source.name}`, document);
      return document;
    },
  };
}
