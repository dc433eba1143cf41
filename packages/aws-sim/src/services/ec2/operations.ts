import { type Listing, readPage, readToken, writeToken } from '../../server/paging.ts';
import type { QueryParams } from '../../server/query-params.ts';
import { ServiceError } from '../../server/service-error.ts';
import type { Call, OperationTable } from '../../server/simulation.ts';
import { element, wrap } from '../../server/xml.ts';
import type { Instance } from '../../world/host-states.ts';
import type { Account } from '../../world/model.ts';
import { DEFAULT_REGIONS, isOptInRegion, OPT_IN_REGIONS } from '../../world/regions.ts';
import { findInstance, instanceAt, isRegionOn } from '../../world/world.ts';
import { type InstanceFilter, readFilters } from './filters.ts';
import { instanceXml, reservationId } from './instance-xml.ts';

/** A terminated instance is listed for about an hour. */
const TERMINATED_VISIBLE_MS = 3_600_000;
const INSTANCE_ID = /^i-([0-9a-f]{8}|[0-9a-f]{17})$/u;

function callerAccount(call: Call): Account {
  const account = call.sim.world.accountsById.get(call.caller.principal.accountId);
  if (account === undefined) throw new ServiceError('AuthFailure', 'No such account', 401);
  return account;
}

function refuseDryRun(params: QueryParams): void {
  if (params.get('DryRun') === 'true') {
    throw new ServiceError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
  }
}

function readMaxResults(params: QueryParams): number | undefined {
  const raw = params.get('MaxResults');
  if (raw === undefined) return undefined;
  const value = Number(raw);
  const invalid = (expecting: string): ServiceError =>
    new ServiceError(
      'InvalidParameterValue',
      `Value ( ${raw} ) for parameter maxResults is invalid. Expecting a value ${expecting}.`,
    );
  if (!Number.isInteger(value) || value < 5) throw invalid('greater than 5');
  if (value > 1000) throw invalid('less than or equal to 1000');
  return value;
}

function isListed(call: Call, instance: Instance): boolean {
  if (instance.launchedAtMs > call.asOfMs) return false;
  const gone = instance.terminatedAtMs ?? null;
  return gone === null || (call.asOfMs - gone) * call.sim.clock.speed < TERMINATED_VISIBLE_MS;
}

function describeInstances(call: Call, params: QueryParams): string {
  refuseDryRun(params);
  const ids = params.list('InstanceId');
  const maxResults = readMaxResults(params);
  if (ids.length > 0 && maxResults !== undefined) {
    throw new ServiceError(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    );
  }
  const filters = params.filters();
  const passes = readFilters(filters);
  const account = callerAccount(call);
  if (ids.length > 0) return reservationsXml(namedInstances(call, account, ids).filter(passes), undefined);
  const question = `instances/${account.id}/${call.caller.region}/${JSON.stringify(filters)}`;
  const nextToken = params.get('NextToken');
  const from = nextToken === undefined ? 0 : readToken(nextToken, question);
  if (from === null) throw new ServiceError('InvalidNextToken', 'The token is not valid.');
  const listing = instancesListing(call, account, passes);
  const page = readPage(listing, from, maxResults ?? Number.POSITIVE_INFINITY, call.faults);
  return reservationsXml(page.rows, page.next === null ? undefined : writeToken(page.next, question));
}

function instancesListing(call: Call, account: Account, passes: InstanceFilter): Listing<Instance> {
  const { world } = call.sim;
  const { region } = call.caller;
  return {
    end: world.fleet.slots(account, region),
    at(slot) {
      const instance = instanceAt(world, account, region, slot, call.asOfMs);
      return isListed(call, instance) && passes(instance) ? instance : undefined;
    },
  };
}

function namedInstances(call: Call, account: Account, ids: readonly string[]): Instance[] {
  const malformed = ids.find((id) => !INSTANCE_ID.test(id));
  if (malformed !== undefined) {
    throw new ServiceError('InvalidInstanceID.Malformed', `Invalid id: "${malformed}"`);
  }
  const found: Instance[] = [];
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    const instance = findInstance(call.sim.world, id, call.asOfMs);
    const mine = instance?.account === account && instance.region === call.caller.region;
    if (instance !== undefined && mine && isListed(call, instance)) found.push(instance);
    else missing.push(id);
  }
  if (missing.length > 0) {
    const [what, verb] = missing.length === 1 ? ['ID', 'does'] : ['IDs', 'do'];
    throw new ServiceError(
      'InvalidInstanceID.NotFound',
      `The instance ${what} '${missing.join(', ')}' ${verb} not exist`,
    );
  }
  return found;
}

/** Neighbors of one reservation share its element; a reservation may be spread over pages. */
function reservationsXml(instances: readonly Instance[], nextToken: string | undefined): string {
  const reservations = new Map<string, { ownerId: string; items: string }>();
  for (const instance of instances) {
    const id = reservationId(instance);
    const reservation = reservations.get(id) ?? { ownerId: instance.account.id, items: '' };
    reservation.items += instanceXml(instance);
    reservations.set(id, reservation);
  }
  let xml = '';
  for (const [id, { ownerId, items }] of reservations) {
    xml += `<item>${element('reservationId', id)}${element('ownerId', ownerId)}<groupSet/><instancesSet>${items}</instancesSet></item>`;
  }
  return wrap('reservationSet', xml) + element('nextToken', nextToken);
}

function describeRegions(call: Call, params: QueryParams): string {
  refuseDryRun(params);
  const { world } = call.sim;
  const account = callerAccount(call);
  const all = [...new Set([...world.regions, ...OPT_IN_REGIONS])];
  const names = params.list('RegionName');
  const unknown = names.find(
    (name) => !all.includes(name) && !(DEFAULT_REGIONS as readonly string[]).includes(name),
  );
  if (unknown !== undefined) {
    throw new ServiceError('InvalidParameterValue', `Invalid region name: ${unknown}`);
  }
  const optIn = params.filters().find((filter) => filter.name === 'opt-in-status')?.values;
  const items = all
    .filter((region) => names.length === 0 || names.includes(region))
    .map((region) => ({ region, status: optInStatus(region, isRegionOn(world, account, region)) }))
    .filter(({ status }) => params.get('AllRegions') === 'true' || status !== 'not-opted-in')
    .filter(({ status }) => optIn === undefined || optIn.includes(status))
    .map(
      ({ region, status }) =>
        `<item>${element('regionName', region)}${element('regionEndpoint', `ec2.${region}.amazonaws.com`)}${element('optInStatus', status)}</item>`,
    );
  return wrap('regionInfo', items.join(''));
}

function optInStatus(region: string, on: boolean): string {
  if (!isOptInRegion(region)) return on ? 'opt-in-not-required' : 'not-opted-in';
  return on ? 'opted-in' : 'not-opted-in';
}

/** Operations of EC2; each answers the inside of its `…Response` element behind the request id. */
export const EC2_OPERATIONS: OperationTable<QueryParams, string> = {
  DescribeInstances: {
    bucket: (params) =>
      params.has('Filter.') || params.has('MaxResults') || params.has('InstanceId.')
        ? 'ec2:DescribeInstances'
        : 'ec2:DescribeInstances/bare',
    handle: describeInstances,
  },
  DescribeRegions: { handle: describeRegions },
};
