import { type Listing, readPage, readToken, writeToken } from '../../server/paging.ts';
import { ServiceError } from '../../server/service-error.ts';
import type { Call } from '../../server/simulation.ts';

/** Reads a page of an SSM listing. @throws {ServiceError} InvalidNextToken */
export function ssmPage<T>(
  call: Call,
  input: { readonly NextToken: string | undefined },
  question: string,
  listing: Listing<T>,
  size: number,
): { rows: readonly T[]; token: { NextToken?: string } } {
  const bound = `${call.caller.principal.accountId}/${call.caller.region}/${question}`;
  const from =
    input.NextToken === undefined || input.NextToken === '' ? 0 : readToken(input.NextToken, bound);
  if (from === null) throw new ServiceError('InvalidNextToken', 'The specified token is not valid.');
  const { rows, next } = readPage(listing, from, size, call.faults);
  return { rows, token: next === null ? {} : { NextToken: writeToken(next, bound) } };
}
