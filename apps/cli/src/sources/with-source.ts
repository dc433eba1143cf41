import { type CommandContext, readConfig } from '../command-context.ts';
import type { RedisProfile } from '@muster/core/redis/connection';
import type { Source } from './source.ts';

/** Opens where the answers come from, by what the operator gave, and closes it after. */
export async function withSource<T>(
  context: CommandContext,
  use: (source: Source) => Promise<T>,
  profile: RedisProfile = 'fail-fast',
): Promise<T> {
  const config = readConfig(context.env, context.configOption());
  const { withLedger } = await import('../open-ledger.ts');
  const { ledgerSource } = await import('./ledger-source.ts');
  return withLedger(config, (ledger, clock) => use(ledgerSource(ledger, clock, config)), profile);
}
