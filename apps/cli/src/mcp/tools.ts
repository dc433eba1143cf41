import type { InstanceId } from '@muster/core/organization/ids';
import { z } from 'zod';
import type { CommandContext } from '../command-context.ts';
import type { InstanceLine } from '../lists/instance-list.ts';
import { parseId } from '../parse-ids.ts';
import type { Rows } from '../sources/source.ts';
import { withSource } from '../sources/with-source.ts';
import { defineTool, type McpTool } from './tool.ts';

/** Rows of one answer: more than an assistant reads with care. */
const MOST_ROWS = 200;
const USUAL_ROWS = 50;

const limit = z
  .number()
  .int()
  .min(1)
  .max(MOST_ROWS)
  .default(USUAL_ROWS)
  .describe('At most so many rows; total tells how many there are.');

/** The questions that any source answers. */
export function sourceTools(context: CommandContext): readonly McpTool[] {
  return [
    defineTool({
      name: 'status',
      title: 'Where the organization stands',
      description:
        'The last sweep, accounts and targets read and not read, instances by state and by cause, commands, ramps, waves, what sends wait for, and findings.',
      input: {},
      answer: () => withSource(context, (source) => source.status()),
    }),
    defineTool({
      name: 'findings',
      title: 'What should be done, and who must act',
      description: 'Findings and causes of hosts that are not enrolled, each with remedy and owner.',
      input: { limit },
      answer: ({ limit: most }) =>
        withSource(context, (source) => take(source.findings({ sort: '', most: null }), most)),
    }),
    defineTool({
      name: 'instances',
      title: 'Instances and where they stand',
      description:
        'EC2 instances by state (such as joined, failed, lost, ineligible, queued), cause, account or region. Counts stand in status, outputs in explain.',
      input: {
        state: z.string().max(100).optional(),
        cause: z.string().max(100).optional(),
        accountId: z.string().max(20).optional(),
        region: z.string().max(50).optional(),
        limit,
      },
      answer: ({ state, cause, accountId, region, limit: most }) => {
        const filter = {
          state: state ?? null,
          cause: cause ?? null,
          accountId: accountId === undefined ? null : parseId('account', accountId, 'accountId'),
          region: region === undefined ? null : parseId('region', region, 'region'),
        };
        return withSource(context, (source) =>
          take(source.instances(filter, { sort: '', most: null }), most, withoutOutput),
        );
      },
    }),
    defineTool({
      name: 'coverage',
      title: 'How accounts and regions were last read',
      description:
        'Targets (account and region) that were not read completely, with the missing action and the remedy; all of them with all: true.',
      input: { all: z.boolean().default(false), limit },
      answer: ({ all, limit: most }) =>
        withSource(context, (source) => {
          const rows = source.coverage({ sort: '', most: null });
          return take(all ? rows : unread(rows), most);
        }),
    }),
    defineTool({
      name: 'explain',
      title: 'Why an instance is, or is not, enrolled',
      description: 'State, cause, remedy, what it waits for, every attempt with the tail of its output.',
      input: { instanceId: z.string().max(30).describe('Such as i-0123456789abcdef0.') },
      answer: async ({ instanceId }) => {
        const id: InstanceId = parseId('instance', instanceId, null);
        const explanation = await withSource(context, (source) => source.explain(id));
        return explanation ?? { instanceId: id, known: false, why: 'no scan has seen such an instance' };
      },
    }),
  ];
}

async function* unread<Row extends { readonly status: string }>(
  rows: AsyncIterable<Row>,
): AsyncGenerator<Row> {
  for await (const row of rows) if (row.status !== 'complete') yield row;
}

/** Two hundred outputs are more than an assistant can hold, and more foreign text than it was asked about. */
function withoutOutput({ output: _output, ...row }: InstanceLine): object {
  return row;
}

/** The first rows, and how many there are. */
async function take<Row>(
  rows: Rows<Row>,
  most: number,
  shown: (row: Row) => unknown = (row) => row,
): Promise<object> {
  const items: unknown[] = [];
  let count = 0;
  for await (const row of rows) {
    count += 1;
    if (items.length < most) items.push(shown(row));
    const total = rows.total?.() ?? null;
    if (total === null || items.length < most) continue;
    count = total;
    break;
  }
  return { items, total: count };
}
