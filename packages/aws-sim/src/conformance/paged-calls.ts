import { ListRegionsCommand } from '@aws-sdk/client-account';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import {
  ListAccountsCommand,
  ListAccountsForParentCommand,
  ListChildrenCommand,
} from '@aws-sdk/client-organizations';
import {
  DescribeInstanceInformationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
} from '@aws-sdk/client-ssm';
import type { SdkClients } from '../testing/sdk-clients.ts';
import type { ConformanceIds } from './case.ts';

/** Asks for one page. The first has no token. */
type PageCall = (
  clients: SdkClients,
  ids: ConformanceIds,
  page: { readonly MaxResults: number; readonly NextToken?: string },
) => Promise<{ NextToken?: string | undefined }>;

/** A listing, with the least and the most that a page of it may be asked to hold. */
export interface PagedCall {
  readonly least: number;
  readonly most: number;
  readonly call: PageCall;
}

/** The listings that Muster pages through, by operation. */
export const PAGED_CALLS: Readonly<Record<string, PagedCall>> = {
  'ec2:DescribeInstances': {
    least: 5,
    most: 1000,
    call: ({ ec2 }, _, page) => ec2.send(new DescribeInstancesCommand(page)),
  },
  'ssm:DescribeInstanceInformation': {
    least: 5,
    most: 50,
    call: ({ ssm }, _, page) => ssm.send(new DescribeInstanceInformationCommand(page)),
  },
  'ssm:ListCommandInvocations': {
    least: 1,
    most: 50,
    call: ({ ssm }, _, page) => ssm.send(new ListCommandInvocationsCommand({ ...page, Details: true })),
  },
  'ssm:ListCommands': {
    least: 1,
    most: 50,
    call: ({ ssm }, _, page) => ssm.send(new ListCommandsCommand(page)),
  },
  'account:ListRegions': {
    least: 1,
    most: 50,
    call: ({ account }, _, page) => account.send(new ListRegionsCommand(page)),
  },
  'organizations:ListAccounts': {
    least: 1,
    most: 20,
    call: ({ organizations }, _, page) => organizations.send(new ListAccountsCommand(page)),
  },
  'organizations:ListAccountsForParent': {
    least: 1,
    most: 20,
    call: ({ organizations }, ids, page) =>
      organizations.send(new ListAccountsForParentCommand({ ParentId: ids.rootId, ...page })),
  },
  'organizations:ListChildren': {
    least: 1,
    most: 20,
    call: ({ organizations }, ids, page) =>
      organizations.send(
        new ListChildrenCommand({ ParentId: ids.rootId, ChildType: 'ORGANIZATIONAL_UNIT', ...page }),
      ),
  },
};
