import { Rollout } from '@muster/api/rollout';
import { CommandError, EXIT } from '../command-context.ts';
import type { ApiClient } from './api-client.ts';

/** What waits for an operator's approval, by the API. */
export async function readApprovals(client: ApiClient): Promise<Rollout['approvals']> {
  const rollout = await client.get('/rollout', Rollout);
  if (rollout === null) throw new CommandError(EXIT.failed, `${client.name} is no scheduler of this release`);
  return rollout.approvals;
}
