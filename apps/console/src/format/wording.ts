/** Words of the page for the identifiers of the API. An identifier that a newer release brought is shown as it is. */

/** How something stands; each tone has a color, and never a color alone. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'off';

/** States of an instance in the order of their way. */
export const STATES: readonly { readonly state: string; readonly tone: Tone; readonly means: string }[] = [
  { state: 'discovered', tone: 'busy', means: 'Seen, not yet judged.' },
  { state: 'queued', tone: 'busy', means: 'May be installed now; waits for its turn.' },
  { state: 'sending', tone: 'busy', means: 'The command is being sent.' },
  { state: 'installing', tone: 'busy', means: 'The command runs on the host.' },
  { state: 'installed', tone: 'busy', means: 'Installed; Teleport does not show its node yet.' },
  { state: 'joined', tone: 'good', means: 'Teleport shows its node now.' },
  { state: 'lost', tone: 'bad', means: 'Had joined and runs, and Teleport does not show its node.' },
  { state: 'failed', tone: 'bad', means: 'The last attempt failed; another one is planned.' },
  { state: 'ineligible', tone: 'warn', means: 'Something must be fixed before it can be installed.' },
  { state: 'stopped', tone: 'off', means: 'Not running.' },
  { state: 'unmatched', tone: 'off', means: 'No matcher selects it any more.' },
  { state: 'gone', tone: 'off', means: 'Terminated.' },
];

/** States from which a host goes on to joined by itself. */
export const UNDER_WAY: readonly string[] = STATES.filter(({ tone }) => tone === 'busy').map(
  ({ state }) => state,
);

/** How targets were read, the good ones first. */
export const COVERAGE: readonly { readonly status: string; readonly tone: Tone; readonly label: string }[] = [
  { status: 'complete', tone: 'good', label: 'complete' },
  { status: 'partial', tone: 'warn', label: 'partial' },
  { status: 'throttled', tone: 'busy', label: 'throttled' },
  { status: 'denied', tone: 'bad', label: 'denied' },
  { status: 'failed', tone: 'bad', label: 'failed' },
  { status: 'regionOff', tone: 'off', label: 'region off' },
  { status: 'pending', tone: 'off', label: 'not read yet' },
];

export function toneOfState(state: string): Tone {
  return STATES.find((one) => one.state === state)?.tone ?? 'off';
}

export function toneOfCoverage(status: string): Tone {
  return COVERAGE.find((one) => one.status === status)?.tone ?? 'off';
}

export function labelOfCoverage(status: string): string {
  return COVERAGE.find((one) => one.status === status)?.label ?? status;
}

/** Who can be asked to act, the operator first. */
export const OWNERS = ['operator', 'aws-admin', 'host-owner', 'teleport-admin', 'muster'] as const;

const OWNER_NAMES: Readonly<Record<string, string>> = {
  operator: 'Operator of Muster',
  'host-owner': 'Owner of the host',
  'aws-admin': 'AWS administrator',
  'teleport-admin': 'Teleport administrator',
  muster: 'Nothing to do',
};

/** Who must act, as a phrase. */
export function ownerName(owner: string): string {
  return OWNER_NAMES[owner] ?? owner;
}

/** The most urgent first. */
export const SEVERITIES = ['page', 'warn', 'info'] as const;

const SEVERITY_NAMES: Readonly<Record<string, { readonly label: string; readonly tone: Tone }>> = {
  page: { label: 'Urgent', tone: 'bad' },
  warn: { label: 'Attention', tone: 'warn' },
  info: { label: 'Note', tone: 'off' },
};

export function severityOf(severity: string): { readonly label: string; readonly tone: Tone } {
  return SEVERITY_NAMES[severity] ?? { label: severity, tone: 'off' };
}

/** `account:111122223333` as `account 111122223333`, `all` as `everywhere`. */
export function scopeName(scope: string): string {
  if (scope === 'all') return 'everywhere';
  const colon = scope.indexOf(':');
  return colon < 0 ? scope : `${scope.slice(0, colon)} ${scope.slice(colon + 1)}`;
}
