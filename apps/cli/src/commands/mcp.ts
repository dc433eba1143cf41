import type { Command } from 'commander';
import { apiAddress } from '../api/api-address.ts';
import type { CommandContext } from '../command-context.ts';
import { examplesText } from '../examples-text.ts';

/** `muster mcp`: a server of the Model Context Protocol on standard input and output, which only reads. */
export function addMcpCommand(program: Command, context: CommandContext): void {
  program
    .command('mcp')
    .description('answer an assistant (Model Context Protocol on standard input and output); reads only')
    .addHelpText(
      'after',
      examplesText(
        'muster mcp',
        'muster --url https://muster.example.com --token-file token mcp',
        'muster --config /etc/muster/muster.yaml mcp',
      ),
    )
    .action(async () => {
      const { serveMcp } = await import('../mcp/serve-mcp.ts');
      const { sourceTools } = await import('../mcp/tools.ts');
      const tools = sourceTools(context);
      if (apiAddress(context.apiOptions(), context.env) !== null) return serveMcp(tools);
      const { planTool } = await import('../mcp/plan-tool.ts');
      return serveMcp([...tools, planTool(context)]);
    });
}
