import { listingOf, readPage, readToken, writeToken } from '../../server/paging.ts';
import { ServiceError } from '../../server/service-error.ts';
import { integer, list, readRequest, required, text } from '../../server/shapes.ts';
import type { Call, OperationTable } from '../../server/simulation.ts';
import type { Account } from '../../world/model.ts';
import { optInRegions } from '../../world/regions.ts';
import { managementAccount, regionStatus } from '../../world/world.ts';

const STATUSES = ['ENABLED', 'ENABLING', 'DISABLING', 'DISABLED', 'ENABLED_BY_DEFAULT'];
const AccountId = text({ pattern: /\d{12}/u });
const ListRegions = {
  AccountId,
  MaxResults: integer({ min: 1, max: 50 }),
  NextToken: text({ max: 1000 }),
  RegionOptStatusContains: list(text({ oneOf: STATUSES })),
} as const;

/** The account asked about: the caller's own, or a member of the organization for the management account. */
function askedAccount(call: Call, accountId: string | undefined): Account {
  const { world } = call.sim;
  const own = world.accountsById.get(call.caller.principal.accountId);
  const asked = accountId === undefined ? own : world.accountsById.get(accountId);
  if (own === undefined) throw new ServiceError('AccessDeniedException', 'Access denied.', 403);
  if (accountId === undefined) return own;
  const central = own === managementAccount(world) || world.access.delegatedAdministrators.includes(own.id);
  if (own === managementAccount(world) && asked === own) {
    throw new ServiceError(
      'ValidationException',
      'The management account cannot specify its own AccountId.',
      400,
      {
        reason: 'fieldValidationFailed',
      },
    );
  }
  if (!central || asked === undefined) {
    const message = `User: ${call.caller.principal.arn} is not authorized to perform this action on account ${accountId}`;
    throw new ServiceError('AccessDeniedException', message, 403);
  }
  return asked;
}

/** All regions there are: the world's, and opt-in regions that the world does not use. */
function allRegions(call: Call): string[] {
  return [...new Set([...call.sim.world.regions, ...optInRegions(call.sim.world.partition)])].sort();
}

function listRegions(call: Call, raw: unknown): unknown {
  const input = readRequest('account', ListRegions, raw);
  const account = askedAccount(call, input.AccountId);
  const wanted = input.RegionOptStatusContains ?? [];
  const rows = allRegions(call)
    .map((RegionName) => ({ RegionName, RegionOptStatus: regionStatus(call.sim.world, account, RegionName) }))
    .filter((region) => wanted.length === 0 || wanted.includes(region.RegionOptStatus));
  const question = `regions/${account.id}/${wanted.join()}`;
  const from = input.NextToken === undefined ? 0 : readToken(input.NextToken, question);
  if (from === null) throw new ServiceError('ValidationException', 'The NextToken is not valid.');
  const page = readPage(listingOf(rows), from, input.MaxResults ?? 50, call.faults);
  return {
    Regions: page.rows,
    ...(page.next === null ? {} : { NextToken: writeToken(page.next, question) }),
  };
}

function getRegionOptStatus(call: Call, raw: unknown): unknown {
  const input = readRequest('account', { AccountId, RegionName: required(text({ min: 1, max: 50 })) }, raw);
  const account = askedAccount(call, input.AccountId);
  if (!allRegions(call).includes(input.RegionName)) {
    throw new ServiceError('ValidationException', `${input.RegionName} is not a region.`);
  }
  return {
    RegionName: input.RegionName,
    RegionOptStatus: regionStatus(call.sim.world, account, input.RegionName),
  };
}

/** Operations of the Account service, by path. */
export const ACCOUNT_OPERATIONS: OperationTable<unknown, unknown> = {
  ListRegions: { handle: listRegions },
  GetRegionOptStatus: { handle: getRegionOptStatus },
};
