import type { CommandContext } from '../command-context.ts';
import { apiAddress } from './api-address.ts';
import type { ApiClient } from './api-client.ts';

/** The API of the scheduler that `--url` or MUSTER_URL names; null without, and then a command talks to Redis. */
export async function openApi(context: CommandContext): Promise<ApiClient | null> {
  const address = apiAddress(context.apiOptions(), context.env);
  if (address === null) return null;
  const { createApiClient } = await import('./api-client.ts');
  return createApiClient(address);
}
