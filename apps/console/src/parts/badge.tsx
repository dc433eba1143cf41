import type { ReactElement, ReactNode } from 'react';
import {
  labelOfCoverage,
  severityOf,
  STATES,
  type Tone,
  toneOfCoverage,
  toneOfState,
} from '../format/wording.ts';
import './badge.css';

/** A word with the color of its tone. */
export function Badge({
  tone,
  title,
  children,
}: {
  readonly tone: Tone;
  readonly title?: string | undefined;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <span className={`badge badge--${tone}`} title={title}>
      {children}
    </span>
  );
}

/** The state of an instance. */
export function StateBadge({ state }: { readonly state: string }): ReactElement {
  return (
    <Badge tone={toneOfState(state)} title={STATES.find((one) => one.state === state)?.means}>
      {state}
    </Badge>
  );
}

/** How a target or an account was last read. */
export function CoverageBadge({ status }: { readonly status: string }): ReactElement {
  return <Badge tone={toneOfCoverage(status)}>{labelOfCoverage(status)}</Badge>;
}

/** How urgent a finding is. */
export function SeverityBadge({ severity }: { readonly severity: string }): ReactElement {
  const { label, tone } = severityOf(severity);
  return <Badge tone={tone}>{label}</Badge>;
}
