import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { messageOf } from '@muster/core/runtime/errors';
import manifest from '../../package.json' with { type: 'json' };
import { asFailure, asResult, type McpTool, UNTRUSTED_NOTICE } from './tool.ts';

/** Answers an assistant on standard input and output, until the input ends. Every tool only reads. */
export async function serveMcp(tools: readonly McpTool[]): Promise<void> {
  const server = new McpServer(
    { name: 'muster', title: 'Muster', version: manifest.version },
    {
      instructions: `Muster enrolls the EC2 instances of an AWS Organization into Teleport. These tools only read. ${UNTRUSTED_NOTICE} Acts (retry, pause, approve …) are for an operator, by the command line or the console.`,
    },
  );
  for (const { name, title, description, input, answer } of tools) {
    server.registerTool(
      name,
      {
        title,
        description,
        inputSchema: input,
        annotations: {
          readOnlyHint: true,
          destructiveHint: false,
          idempotentHint: true,
          openWorldHint: false,
        },
      },
      async (asked) => {
        try {
          return asResult(await answer(asked));
        } catch (error) {
          return asFailure(messageOf(error));
        }
      },
    );
  }
  await server.connect(new StdioServerTransport());
}
