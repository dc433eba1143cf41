import { type Listing, readPage, readToken, writeToken } from '../../server/paging.ts';
import type { QueryParams } from '../../server/query-params.ts';
import { ServiceError } from '../../server/service-error.ts';
import type { Call, OperationTable } from '../../server/simulation.ts';
import { element, wrap } from '../../server/xml.ts';
import type { Instance } from '../../world/host-states.ts';
import type { Account } from '../../world/model.ts';
import { DEFAULT_REGIONS, isOptInRegion, optInRegions } from '../../world/regions.ts';
import { findInstance, instanceAt, isRegionOn } from '../../world/world.ts';
import { filtersOf, type InstanceFilter, readFilters, readPatterns, unknownFilter } from './filters.ts';
import { instanceXml } from './instance-xml.ts';
import { reservationId } from './resource-ids.ts';

/** A terminated instance is listed for about an hour. */
const TERMINATED_VISIBLE_MS = 3_600_000;
const INSTANCE_ID = /^i-([0-9a-f]{8}|[0-9a-f]{17})$/u;

function callerAccount(call: Call): Account {
  const account = call.sim.world.accountsById.get(call.caller.principal.accountId);
  if (account === undefined) throw new ServiceError('AuthFailure', 'No such account', 401);
  return account;
}

/** Parameters that belong to every request, or to signatures of old. */
const COMMON = new Set([
  'Action',
  'Version',
  'DryRun',
  'AWSAccessKeyId',
  'Expires',
  'SecurityToken',
  'Timestamp',
]);

/** EC2 refuses what it does not know, and what it was only to try. Lists are named with a dot at the end. */
function checkParameters(params: QueryParams, known: readonly string[]): void {
  const unknown = params
    .names()
    .find(
      (name) =>
        !COMMON.has(name) &&
        !/^(X-Amz-|Signature)/u.test(name) &&
        !known.some((one) => (one.endsWith('.') ? name.startsWith(one) : name === one)),
    );
  if (unknown !== undefined) {
    throw new ServiceError('UnknownParameter', `The parameter ${unknown} is not recognized`);
  }
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
  checkParameters(params, ['InstanceId.', 'Filter.', 'MaxResults', 'NextToken', 'IncludeManagedResources']);
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
  const everything = params.get('IncludeManagedResources') === 'true';
  const shown: InstanceFilter = (one) => (everything || one.operator?.hidden !== true) && passes(one);
  const listing = instancesListing(call, account, shown);
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
  checkParameters(params, ['RegionName.', 'Filter.', 'AllRegions']);
  const { world } = call.sim;
  const account = callerAccount(call);
  const all = [...new Set([...world.regions, ...optInRegions(world.partition)])];
  const names = params.list('RegionName');
  const unknown = names.find(
    (name) => !all.includes(name) && !(DEFAULT_REGIONS as readonly string[]).includes(name),
  );
  if (unknown !== undefined) {
    throw new ServiceError('InvalidParameterValue', `Invalid region name: ${unknown}`);
  }
  const passes = readRegionFilters(params);
  const items = all
    .filter((region) => names.length === 0 || names.includes(region))
    .map((region) => ({
      region,
      endpoint: `ec2.${region}.amazonaws.com${world.partition === 'aws-cn' ? '.cn' : ''}`,
      status: optInStatus(region, isRegionOn(world, account, region)),
    }))
    .filter(({ status }) => params.get('AllRegions') === 'true' || status !== 'not-opted-in')
    .filter(passes)
    .map(
      ({ region, endpoint, status }) =>
        `<item>${element('regionName', region)}${element('regionEndpoint', endpoint)}${element('optInStatus', status)}</item>`,
    );
  return wrap('regionInfo', items.join(''));
}

interface RegionRow {
  readonly region: string;
  readonly endpoint: string;
  readonly status: string;
}

const REGION_COLUMNS: Readonly<Record<string, keyof RegionRow>> = {
  'region-name': 'region',
  endpoint: 'endpoint',
  'opt-in-status': 'status',
};

function readRegionFilters(params: QueryParams): (row: RegionRow) => boolean {
  const tests = filtersOf(params.filters()).map(({ name, values }) => {
    const column = Object.hasOwn(REGION_COLUMNS, name) ? REGION_COLUMNS[name] : undefined;
    if (column === undefined) throw unknownFilter(name);
    const matches = readPatterns(values);
    return (row: RegionRow) => matches(row[column]);
  });
  return (row) => tests.every((test) => test(row));
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
