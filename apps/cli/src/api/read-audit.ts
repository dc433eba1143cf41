import { AuditPage, type AuditRow } from '@muster/api/audit';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { plural } from '@muster/core/runtime/wording';
import type { ApiClient } from './api-client.ts';
import { readPages } from './read-pages.ts';

/** Which entries are wanted; undefined asks for nothing. */
export interface AuditAsked {
  readonly act?: string;
  readonly by?: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly limit: number;
}

/** Entries of the audit by the API, the newest first, as lines: JSON, or for people. */
export async function* auditLines(
  client: ApiClient,
  { limit, ...asked }: AuditAsked,
  isJson: boolean,
): AsyncGenerator<string> {
  for await (const row of readPages(client, '/audit', AuditPage, { ...asked }, limit)) {
    yield isJson ? JSON.stringify(row) : describe(row);
  }
}

function describe({
  at,
  by,
  from,
  act,
  scope,
  accounts,
  hosts,
  result,
  detail,
  reason,
  basis,
}: AuditRow): string {
  const shown = hosts === null ? '' : ` (${plural(hosts, 'host')} in ${plural(accounts ?? 0, 'account')})`;
  const more = [
    ...(detail === '' ? [] : [detail]),
    ...(reason === '' ? [] : [`reason: ${reason}`]),
    ...(basis === null ? [] : [`by ${basis}`]),
  ];
  const tail = more.length === 0 ? '' : `: ${more.join('; ')}`;
  return terminalLine(`${at}  ${by} from ${from}  ${act} ${scope}${shown}  ${result}${tail}`);
}
