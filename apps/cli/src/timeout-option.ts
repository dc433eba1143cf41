import { CommandError, EXIT } from './exit-codes.ts';

/** For commands that wait for workers. */
export const TIMEOUT_OPTION = [
  '--timeout <minutes>',
  'give up after this; what is missing is listed',
  '30',
] as const;

/** Minutes to milliseconds; exit code 64 for what is no number of them. */
export function parseTimeout(text: string): number {
  const minutes = Number(text);
  if (text.trim() !== '' && minutes > 0 && minutes <= 24 * 60) return minutes * 60_000;
  throw new CommandError(EXIT.usage, `--timeout ${text}: give minutes, up to a day`);
}
