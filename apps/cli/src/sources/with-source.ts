import type { RedisProfile } from '@muster/core/redis/connection';
import { openApi } from '../api/open-api.ts';
import { type CommandContext, readConfig } from '../command-context.ts';
import type { Source } from './source.ts';

/**
 * Opens where the answers come from, and closes it after: the API of the scheduler that `--url` or MUSTER_URL names, else the
 * Redis of the configuration. Each way is loaded only when it is gone.
 */
export async function withSource<T>(
  context: CommandContext,
  use: (source: Source) => Promise<T>,
  profile: RedisProfile = 'fail-fast',
): Promise<T> {
  const client = await openApi(context);
  if (client !== null) {
    const { apiSource } = await import('../api/api-source.ts');
    return use(apiSource(client));
  }
  const config = readConfig(context.env, context.configOption());
  const { withLedger } = await import('../open-ledger.ts');
  const { ledgerSource } = await import('./ledger-source.ts');
  return withLedger(config, (ledger, clock) => use(ledgerSource(ledger, clock, config)), profile);
}
