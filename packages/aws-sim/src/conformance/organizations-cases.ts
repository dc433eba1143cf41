import {
  DescribeAccountCommand,
  DescribeOrganizationalUnitCommand,
  DescribeOrganizationCommand,
  ListAccountsCommand,
  ListAccountsForParentCommand,
  ListChildrenCommand,
  ListDelegatedAdministratorsCommand,
  ListOrganizationalUnitsForParentCommand,
  ListParentsCommand,
  ListRootsCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-organizations';
import { type ConformanceCase, type ConformanceIds, OK } from './case.ts';
import { ACCOUNTS } from './conformance-world.ts';

type Call = ConformanceCase['call'];

const accountsForRoot: Call = ({ organizations }, ids) =>
  organizations.send(new ListAccountsForParentCommand({ ParentId: ids.rootId }));
const unitsForRoot: Call = ({ organizations }, ids) =>
  organizations.send(new ListOrganizationalUnitsForParentCommand({ ParentId: ids.rootId }));
const parentsOfMember: Call = ({ organizations }, ids) =>
  organizations.send(new ListParentsCommand({ ChildId: ids.member }));

function tagsOf(id: (ids: ConformanceIds) => string): Call {
  return ({ organizations }, ids) =>
    organizations.send(new ListTagsForResourceCommand({ ResourceId: id(ids) }));
}

/** Operations that only the management account and delegated administrators may call. */
const GUARDED: readonly (readonly [string, Call])[] = [
  ['organizations:ListAccounts', ({ organizations }) => organizations.send(new ListAccountsCommand({}))],
  ['organizations:ListRoots', ({ organizations }) => organizations.send(new ListRootsCommand({}))],
  ['organizations:ListAccountsForParent', accountsForRoot],
  ['organizations:ListOrganizationalUnitsForParent', unitsForRoot],
  [
    'organizations:ListChildren',
    ({ organizations }, ids) =>
      organizations.send(new ListChildrenCommand({ ParentId: ids.rootId, ChildType: 'ACCOUNT' })),
  ],
  ['organizations:ListParents', parentsOfMember],
  [
    'organizations:DescribeAccount',
    ({ organizations }, ids) => organizations.send(new DescribeAccountCommand({ AccountId: ids.member })),
  ],
  ['organizations:ListTagsForResource', tagsOf((ids) => ids.member)],
];

const byMember = GUARDED.map(
  ([api, call]): ConformanceCase => ({
    api,
    behavior: 'called from a member account',
    source: 'docs',
    as: 'member',
    call,
    expect: ['AccessDeniedException', 400],
  }),
);
const unsigned = GUARDED.map(
  ([api, call]): ConformanceCase => ({
    api,
    behavior: 'unknown key',
    source: 'docs',
    as: 'unknown-key',
    call,
    expect: ['UnrecognizedClientException', 400],
    message: /^The security token included in the request is invalid\.$/u,
  }),
);

function invalid(api: string, behavior: string, call: Call, message?: RegExp): ConformanceCase {
  return {
    api: `organizations:${api}`,
    behavior,
    source: 'model',
    call,
    expect: ['InvalidInputException', 400],
    ...(message === undefined ? {} : { message }),
  };
}

/** Listings with a token that they never gave. */
const PAGED: readonly (readonly [string, Call])[] = [
  [
    'ListAccountsForParent',
    ({ organizations }, ids) =>
      organizations.send(new ListAccountsForParentCommand({ ParentId: ids.rootId, NextToken: 'x' })),
  ],
  [
    'ListOrganizationalUnitsForParent',
    ({ organizations }, ids) =>
      organizations.send(
        new ListOrganizationalUnitsForParentCommand({ ParentId: ids.rootId, NextToken: 'x' }),
      ),
  ],
  [
    'ListChildren',
    ({ organizations }, ids) =>
      organizations.send(
        new ListChildrenCommand({ ParentId: ids.rootId, ChildType: 'ACCOUNT', NextToken: 'x' }),
      ),
  ],
  ['ListRoots', ({ organizations }) => organizations.send(new ListRootsCommand({ NextToken: 'x' }))],
  [
    'ListDelegatedAdministrators',
    ({ organizations }) => organizations.send(new ListDelegatedAdministratorsCommand({ NextToken: 'x' })),
  ],
];

/** Organizations: the accounts and the tree. */
export const ORGANIZATIONS_CASES: readonly ConformanceCase[] = [
  {
    api: 'organizations:DescribeOrganization',
    behavior: 'valid',
    source: 'model',
    call: ({ organizations }) => organizations.send(new DescribeOrganizationCommand({})),
    expect: OK,
    output: { Organization: { FeatureSet: 'ALL', MasterAccountId: ACCOUNTS.management } },
  },
  {
    api: 'organizations:DescribeOrganization',
    behavior: 'any member may ask',
    source: 'docs',
    as: 'member',
    call: ({ organizations }) => organizations.send(new DescribeOrganizationCommand({})),
    expect: OK,
  },
  {
    api: 'organizations:DescribeOrganization',
    behavior: 'wrong secret',
    source: 'docs',
    as: 'wrong-secret',
    call: ({ organizations }) => organizations.send(new DescribeOrganizationCommand({})),
    expect: ['InvalidSignatureException', 400],
  },
  {
    api: 'organizations:ListAccounts',
    behavior: 'valid, with State, Status and Paths',
    source: 'model',
    call: ({ organizations }) => organizations.send(new ListAccountsCommand({ MaxResults: 20 })),
    expect: OK,
  },
  {
    api: 'organizations:ListRoots',
    behavior: 'valid',
    source: 'model',
    call: ({ organizations }) => organizations.send(new ListRootsCommand({})),
    expect: OK,
    output: { Roots: [{ Name: 'Root' }] },
  },
  {
    api: 'organizations:ListAccountsForParent',
    behavior: 'valid: direct children only',
    source: 'docs',
    call: accountsForRoot,
    expect: OK,
    output: { Accounts: [{ Id: ACCOUNTS.management }] },
  },
  {
    api: 'organizations:ListChildren',
    behavior: 'valid: units',
    source: 'model',
    call: ({ organizations }, ids) =>
      organizations.send(new ListChildrenCommand({ ParentId: ids.rootId, ChildType: 'ORGANIZATIONAL_UNIT' })),
    expect: OK,
    output: { Children: [{ Type: 'ORGANIZATIONAL_UNIT' }, { Type: 'ORGANIZATIONAL_UNIT' }] },
  },
  {
    api: 'organizations:ListChildren',
    behavior: 'valid: accounts of a unit',
    source: 'model',
    call: ({ organizations }, ids) =>
      organizations.send(new ListChildrenCommand({ ParentId: ids.unitId, ChildType: 'ACCOUNT' })),
    expect: OK,
    output: { Children: [{ Id: ACCOUNTS.member, Type: 'ACCOUNT' }] },
  },
  {
    api: 'organizations:ListOrganizationalUnitsForParent',
    behavior: 'valid',
    source: 'model',
    call: unitsForRoot,
    expect: OK,
    output: { OrganizationalUnits: [{ Name: 'Workloads' }, { Name: 'Suspended' }] },
  },
  {
    api: 'organizations:ListParents',
    behavior: 'valid',
    source: 'model',
    call: parentsOfMember,
    expect: OK,
    output: { Parents: [{ Type: 'ORGANIZATIONAL_UNIT' }] },
  },
  {
    api: 'organizations:DescribeAccount',
    behavior: 'valid: a suspended account',
    source: 'docs',
    call: ({ organizations }, ids) =>
      organizations.send(new DescribeAccountCommand({ AccountId: ids.suspended })),
    expect: OK,
    output: { Account: { State: 'SUSPENDED', Status: 'SUSPENDED' } },
  },
  {
    api: 'organizations:DescribeOrganizationalUnit',
    behavior: 'valid',
    source: 'model',
    call: ({ organizations }, ids) =>
      organizations.send(new DescribeOrganizationalUnitCommand({ OrganizationalUnitId: ids.unitId })),
    expect: OK,
    output: { OrganizationalUnit: { Name: 'Production' } },
  },
  {
    api: 'organizations:ListDelegatedAdministrators',
    behavior: 'valid: none',
    source: 'model',
    call: ({ organizations }) => organizations.send(new ListDelegatedAdministratorsCommand({})),
    expect: OK,
    output: { DelegatedAdministrators: [] },
  },
  invalid(
    'ListAccounts',
    'MaxResults above 20',
    ({ organizations }) => organizations.send(new ListAccountsCommand({ MaxResults: 21 })),
    /larger value than allowed/u,
  ),
  invalid(
    'ListAccounts',
    'MaxResults below 1',
    ({ organizations }) => organizations.send(new ListAccountsCommand({ MaxResults: 0 })),
    /smaller value than allowed/u,
  ),
  ...PAGED.map(([api, call]) => invalid(api, 'bad token', call, /NextToken/u)),
  invalid('ListAccounts', 'bad token', ({ organizations }) =>
    organizations.send(new ListAccountsCommand({ NextToken: 'x' })),
  ),
  invalid('ListAccountsForParent', 'ParentId of the wrong form', ({ organizations }) =>
    organizations.send(new ListAccountsForParentCommand({ ParentId: 'x' })),
  ),
  invalid('ListAccountsForParent', 'ParentId missing', ({ organizations }) =>
    organizations.send(new ListAccountsForParentCommand({ ParentId: undefined })),
  ),
  invalid('ListChildren', 'unknown ChildType', ({ organizations }, ids) =>
    organizations.send(new ListChildrenCommand({ ParentId: ids.rootId, ChildType: 'OU' as 'ACCOUNT' })),
  ),
  invalid('ListParents', 'ChildId of the wrong form', ({ organizations }) =>
    organizations.send(new ListParentsCommand({ ChildId: 'x' })),
  ),
  invalid('DescribeAccount', 'AccountId of the wrong form', ({ organizations }) =>
    organizations.send(new DescribeAccountCommand({ AccountId: '1' })),
  ),
  {
    api: 'organizations:ListAccountsForParent',
    behavior: 'no such parent',
    source: 'model',
    call: ({ organizations }) =>
      organizations.send(new ListAccountsForParentCommand({ ParentId: 'ou-aaaa-bbbbbbbb' })),
    expect: ['ParentNotFoundException', 400],
  },
  {
    api: 'organizations:ListOrganizationalUnitsForParent',
    behavior: 'no such parent',
    source: 'model',
    call: ({ organizations }) =>
      organizations.send(new ListOrganizationalUnitsForParentCommand({ ParentId: 'r-zzzz' })),
    expect: ['ParentNotFoundException', 400],
  },
  {
    api: 'organizations:ListParents',
    behavior: 'no such child',
    source: 'model',
    call: ({ organizations }) => organizations.send(new ListParentsCommand({ ChildId: '999999999999' })),
    expect: ['ChildNotFoundException', 400],
  },
  {
    api: 'organizations:DescribeAccount',
    behavior: 'no such account',
    source: 'model',
    call: ({ organizations }) =>
      organizations.send(new DescribeAccountCommand({ AccountId: '999999999999' })),
    expect: ['AccountNotFoundException', 400],
  },
  {
    api: 'organizations:DescribeOrganizationalUnit',
    behavior: 'no such unit',
    source: 'model',
    call: ({ organizations }) =>
      organizations.send(new DescribeOrganizationalUnitCommand({ OrganizationalUnitId: 'ou-aaaa-bbbbbbbb' })),
    expect: ['OrganizationalUnitNotFoundException', 400],
  },
  invalid('ListDelegatedAdministrators', 'MaxResults above 20', ({ organizations }) =>
    organizations.send(new ListDelegatedAdministratorsCommand({ MaxResults: 21 })),
  ),
  {
    api: 'organizations:ListTagsForResource',
    behavior: 'valid: an account',
    source: 'model',
    call: tagsOf((ids) => ids.member),
    expect: OK,
    output: {
      Tags: [
        { Key: 'cost-center', Value: '1 & 2' },
        { Key: 'owner', Value: '' },
      ],
    },
  },
  {
    api: 'organizations:ListTagsForResource',
    behavior: 'valid: an untagged unit',
    source: 'model',
    call: tagsOf((ids) => ids.unitId),
    expect: OK,
    output: { Tags: [] },
  },
  {
    api: 'organizations:ListTagsForResource',
    behavior: 'no such target',
    source: 'model',
    call: tagsOf(() => '999999999999'),
    expect: ['TargetNotFoundException', 400],
  },
  invalid(
    'ListTagsForResource',
    'ResourceId of the wrong form',
    tagsOf(() => 'x'),
  ),
  invalid('ListTagsForResource', 'ResourceId missing', ({ organizations }) =>
    organizations.send(new ListTagsForResourceCommand({ ResourceId: undefined })),
  ),
  invalid('ListTagsForResource', 'bad token', ({ organizations }, ids) =>
    organizations.send(new ListTagsForResourceCommand({ ResourceId: ids.member, NextToken: 'x' })),
  ),
  ...byMember,
  ...unsigned,
];
