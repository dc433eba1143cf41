import type { FindingRow } from '@muster/api/findings';
import type { ReactElement } from 'react';
import { figure } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { ownerName, scopeName } from '../../format/wording.ts';
import { SeverityBadge } from '../../parts/badge.tsx';
import type { Act } from '../../parts/confirm-act.tsx';
import { FindingButtons } from '../../parts/finding-buttons.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Remedy } from '../../parts/remedy.tsx';
import { Outputs } from './outputs.tsx';
import { trendOf } from './trend.ts';

/** One finding with all that is known of it, and what can be done here. */
export function FindingCard({
  finding,
  onAct,
  onMute,
}: {
  readonly finding: FindingRow;
  readonly onAct: (act: Act) => void;
  readonly onMute: (finding: FindingRow) => void;
}): ReactElement {
  const trend = trendOf(finding);
  return (
    <li className="finding" data-finding={finding.id}>
      <div className="row small">
        <SeverityBadge severity={finding.severity} />
        {finding.stopsSending ? <span className="tone-bad">stops sends</span> : null}
        <code className="breaks">{finding.kind}</code>
        {finding.scope === finding.kind ? null : (
          <span className="quiet">{scopeName(plainText(finding.scope))}</span>
        )}
      </div>
      <h2 className="finding__message breaks">{plainText(finding.message)}</h2>
      <Remedy text={finding.remedy} />
      <dl className="finding__facts small">
        <div>
          <dt>Who must act</dt>
          <dd>{ownerName(finding.owner)}</dd>
        </div>
        {finding.since === null ? null : (
          <div>
            <dt>Since</dt>
            <dd>
              <RelativeTime at={finding.since} />
            </dd>
          </div>
        )}
        {finding.hosts === null ? null : (
          <div>
            <dt>Hosts</dt>
            <dd>
              {figure(finding.hosts)}
              {trend === null ? null : (
                <span className={`finding__trend tone-${trend.tone}`}>{trend.text}</span>
              )}
            </dd>
          </div>
        )}
        {finding.accounts === null ? null : (
          <div>
            <dt>Accounts</dt>
            <dd>{figure(finding.accounts)}</dd>
          </div>
        )}
      </dl>
      <Outputs finding={finding} />
      {finding.muted === null ? null : (
        <p className="quiet small breaks">
          Muted by {plainText(finding.muted.by)}: {plainText(finding.muted.reason)} · ends{' '}
          <RelativeTime at={finding.muted.until} />
        </p>
      )}
      <FindingButtons finding={finding} onAct={onAct}>
        <button
          type="button"
          className="button button--small button--plain"
          onClick={() => {
            onMute(finding);
          }}
        >
          {finding.muted === null ? 'Mute' : 'Change the mute'}
        </button>
      </FindingButtons>
    </li>
  );
}
