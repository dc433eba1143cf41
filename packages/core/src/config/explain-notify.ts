import type { NotifyChannel } from '../notify/channel.ts';

/** The lines of `config check` about channels; none without any. Never a URL: many carry a secret. */
export function explainNotify(channels: readonly NotifyChannel[]): readonly string[] {
  return channels.map(({ name, kind, filter, perHour, allowPrivate, ...channel }, index) => {
    const { severity, kinds, owners, units, accounts } = filter;
    const parts = [
      `${name} (${kind}${'secret' in channel && channel.secret === null ? ', not signed' : ''})`,
      severity === 'info' ? 'everything' : `what is ${severity}${severity === 'warn' ? ' or page' : ''}`,
      ...(kinds === null ? [] : [`of the kinds ${kinds.join(', ')}`]),
      ...(owners === null ? [] : [`for ${owners.join(', ')}`]),
      ...(units === null ? [] : [`below ${units.join(', ')}`]),
      ...(accounts === null ? [] : [`about ${accounts.length} account${accounts.length === 1 ? '' : 's'}`]),
      `at most ${perHour} messages an hour`,
      ...(allowPrivate ? ['private addresses allowed'] : []),
    ];
    return `${(index === 0 ? 'Notify:' : '').padEnd(14)}${parts.join('; ')}`;
  });
}
