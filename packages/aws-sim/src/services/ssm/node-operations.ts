import type { Listing } from '../../server/paging.ts';
import { ServiceError } from '../../server/service-error.ts';
import { type Checked, integer, list, readRequest, required, structure, text } from '../../server/shapes.ts';
import type { Call, OperationTable } from '../../server/simulation.ts';
import type { Account } from '../../world/model.ts';
import { findInstance, instanceAt } from '../../world/world.ts';
import { hybridView, nodeView } from './managed-nodes.ts';
import { ssmPage } from './paging.ts';

const value = text({ min: 1 });
/** Keys of the filter list that `Filters` has replaced. */
const LEGACY_KEYS = [
  'InstanceIds',
  'AgentVersion',
  'PingStatus',
  'PlatformTypes',
  'ActivationIds',
  'IamRole',
  'ResourceType',
  'AssociationStatus',
];
const DescribeInstanceInformation = {
  Filters: list(
    structure({ Key: required(text({ min: 1 })), Values: required(list(value, { min: 1, max: 100 })) }),
  ),
  InstanceInformationFilterList: list(
    structure({
      key: required(text({ oneOf: LEGACY_KEYS })),
      valueSet: required(list(value, { min: 1, max: 100 })),
    }),
  ),
  MaxResults: integer({ min: 5, max: 50 }),
  NextToken: text(),
} as const;

const DEFAULT_PAGE = 10;
const INSTANCE_ID = /^(i-(\w{8}|\w{17})|mi-\w{17})$/u;

type Row = Record<string, unknown>;
type RowFilter = (row: Row) => boolean;

const COLUMNS: Readonly<Record<string, string>> = {
  PingStatus: 'PingStatus',
  PlatformTypes: 'PlatformType',
  AgentVersion: 'AgentVersion',
  ResourceType: 'ResourceType',
  AssociationStatus: 'AssociationStatus',
  InstanceIds: 'InstanceId',
  SourceIds: 'SourceId',
  SourceTypes: 'SourceType',
  IamRole: 'IamRole',
  ActivationIds: 'ActivationId',
};

/** Values of the keys that do not take just any. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  PingStatus: ['Online', 'ConnectionLost', 'Inactive'],
  PlatformTypes: ['Windows', 'Linux', 'MacOS'],
  ResourceType: ['ManagedInstance', 'EC2Instance'],
  SourceTypes: ['AWS::EC2::Instance', 'AWS::IoT::Thing', 'AWS::SSM::ManagedInstance'],
};

/** The account of the caller, which authorization has seen. */
export function callerAccount(call: Call): Account {
  const account = call.sim.world.accountsById.get(call.caller.principal.accountId);
  if (account === undefined) throw new ServiceError('AccessDeniedException', 'No such account');
  return account;
}

function describeInstanceInformation(call: Call, raw: unknown): unknown {
  const input = readRequest('ssm', DescribeInstanceInformation, raw);
  const account = callerAccount(call);
  const filters = readNodeFilters(call, account, input);
  const { world } = call.sim;
  const { region } = call.caller;
  const slots = world.fleet.slots(account, region);
  const listing: Listing<Row> = {
    end: slots + (account.hybridNodes?.get(region) ?? 0),
    at(slot) {
      const row =
        slot < slots
          ? nodeView(instanceAt(world, account, region, slot, call.asOfMs), call.sim.clock, call.asOfMs)
          : hybridView(account.id, region, slot - slots, call.asOfMs);
      return row !== null && filters.every((filter) => filter(row)) ? row : undefined;
    },
  };
  const question = `nodes/${JSON.stringify(input.Filters ?? input.InstanceInformationFilterList ?? [])}`;
  const { rows, token } = ssmPage(call, input, question, listing, input.MaxResults ?? DEFAULT_PAGE);
  return { InstanceInformationList: rows, ...token };
}

function readNodeFilters(
  call: Call,
  account: Account,
  input: Checked<typeof DescribeInstanceInformation>,
): RowFilter[] {
  const old = (input.InstanceInformationFilterList ?? []).map((f) => ({ Key: f.key, Values: f.valueSet }));
  const filters = input.Filters ?? old;
  if (input.Filters !== undefined && old.length > 0) {
    throw new ServiceError(
      'ValidationException',
      'Filters and InstanceInformationFilterList cannot be used together.',
    );
  }
  const tagged = filters.filter(({ Key }) => Key === 'tag-key' || Key.startsWith('tag:'));
  if (tagged.length > 0 && tagged.length < filters.length) {
    throw new ServiceError('InvalidFilterKey', 'Tag filters cannot be combined with other filter types.');
  }
  return filters.map(({ Key, Values }) => readNodeFilter(call, account, Key, Values));
}

function readNodeFilter(call: Call, account: Account, key: string, values: readonly string[]): RowFilter {
  const { world } = call.sim;
  const tagsOf = (row: Row): Readonly<Record<string, string>> =>
    findInstance(world, String(row['InstanceId']))?.tags ?? {};
  if (key === 'tag-key') return (row) => Object.keys(tagsOf(row)).some((tag) => values.includes(tag));
  if (key.startsWith('tag:')) return (row) => values.includes(tagsOf(row)[key.slice(4)] ?? '');
  const column = Object.hasOwn(COLUMNS, key) ? COLUMNS[key] : undefined;
  if (column === undefined) throw new ServiceError('InvalidFilterKey', `The filter key ${key} is not valid.`);
  if (values.some((one) => CHOICES[key]?.includes(one) === false)) {
    throw new ServiceError(
      'InvalidInstanceInformationFilterValue',
      `The value of the filter ${key} is not valid: use ${CHOICES[key]?.join(', ')}.`,
    );
  }
  if (key === 'InstanceIds') {
    const foreign = values.filter((id) => {
      const instance = INSTANCE_ID.test(id) ? findInstance(world, id) : undefined;
      return instance?.account !== account || instance.region !== call.caller.region;
    });
    if (foreign.length > 0) {
      throw new ServiceError(
        'InvalidInstanceId',
        `Instances [[${foreign.join(', ')}]] not valid for account ${account.id}`,
      );
    }
  }
  return (row) => {
    const shown = row[column];
    return typeof shown === 'string' && values.includes(shown);
  };
}

/** Operations of SSM about managed nodes. */
export const NODE_OPERATIONS: OperationTable<unknown, unknown> = {
  DescribeInstanceInformation: { handle: describeInstanceInformation },
};
