import { AccountId, InstanceId, Region } from '@muster/core/organization/ids';
import { CommandError, EXIT } from './command-context.ts';

const IDS = { account: AccountId, region: Region, instance: InstanceId } as const;
type Id<Kind extends keyof typeof IDS> = ReturnType<(typeof IDS)[Kind]['parse']>;

/**
 * An id of the command line, in the same words wherever it stands. Exit code 64 for what is none.
 *
 * @param word how the operator gave it, such as `--account`; null for an argument
 */
export function parseId<Kind extends keyof typeof IDS>(
  kind: Kind,
  text: string,
  word: string | null = `--${kind}`,
): Id<Kind> {
  const parsed = IDS[kind].safeParse(text);
  if (parsed.success) return parsed.data as Id<Kind>;
  const [issue] = parsed.error.issues;
  throw new CommandError(EXIT.usage, `${word === null ? '' : `${word} `}${text}: ${issue?.message ?? ''}`);
}
