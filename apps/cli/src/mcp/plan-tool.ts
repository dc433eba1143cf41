import { readConfig, type CommandContext } from '../command-context.ts';
import { makePlan } from '../commands/plan.ts';
import { defineTool, type McpTool } from './tool.ts';

const TIMEOUT_MS = 10 * 60_000;
/** Of what was not read, and of accounts, the first. */
const SHOWN = 20;

/** What a run would do, in sums: workers read the whole organization for it, and send nothing. Not through the API. */
export function planTool(context: CommandContext): McpTool {
  return defineTool({
    name: 'plan',
    title: 'What a run would do',
    description:
      'A dry run with the real rules, in sums: reads every account through the workers, sends and records nothing. Takes minutes in a large organization.',
    input: {},
    answer: async () => {
      const config = readConfig(context.env, context.configOption());
      const plan = await makePlan(config, false, TIMEOUT_MS);
      const { verdict, error, totals, units, warnings, estimate, unread, accounts } = plan;
      const most = accounts.toSorted((a, b) => b.counts.install - a.counts.install).slice(0, SHOWN);
      return {
        verdict,
        error,
        totals,
        units,
        warnings,
        estimate,
        unread: { total: unread.length, items: unread.slice(0, SHOWN) },
        accounts: {
          total: accounts.length,
          mostInstalls: most.map(({ accountId, name, status, counts }) => ({
            accountId,
            name,
            status,
            counts,
          })),
        },
      };
    },
  });
}
