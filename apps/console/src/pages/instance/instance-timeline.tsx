import type { InstanceStory } from '@muster/api/instances';
import { ExternalLink } from 'lucide-react';
import type { ReactElement } from 'react';
import { plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { duration, utc } from '../../format/time.ts';
import { toneOfState } from '../../format/wording.ts';
import { Badge, StateBadge } from '../../parts/badge.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { type Attempt, type Moment, momentsOf } from './timeline.ts';

/** What happened to an instance, newest first, and how far back that is remembered. */
export function InstanceTimeline({ story }: { readonly story: InstanceStory }): ReactElement {
  const moments = momentsOf(story);
  const forgotten = story.attemptCount - story.attempts.length;
  return (
    <section className="card" aria-labelledby="timeline">
      <div className="card__head">
        <h2 id="timeline">States and attempts</h2>
        <span className="quiet small">{plural(story.attemptCount, 'attempt')}</span>
      </div>
      <div className="card__body stack">
        {moments.length === 0 ? <p className="quiet">No change and no attempt is remembered.</p> : null}
        <ol className="timeline">
          {moments.map((moment) => (
            <li
              key={`${moment.at} ${moment.kind === 'change' ? moment.to : 'attempt'}`}
              className={`timeline__moment timeline__moment--${toneOfMoment(moment)}`}
            >
              {moment.kind === 'change' ? (
                <Change change={moment} />
              ) : (
                <AttemptEnd attempt={moment.attempt} />
              )}
            </li>
          ))}
        </ol>
        {forgotten > 0 ? (
          <p className="quiet small">Of {plural(forgotten, 'older attempt')} only the number is kept.</p>
        ) : null}
        {story.timelineSince === null ? null : (
          <p className="quiet small">
            Changes of state are remembered since{' '}
            <time dateTime={story.timelineSince}>{utc(story.timelineSince)}</time>. Older ones are not known.
          </p>
        )}
      </div>
    </section>
  );
}

function toneOfMoment(moment: Moment): string {
  if (moment.kind === 'change') return moment.to === null ? 'off' : toneOfState(moment.to);
  return moment.attempt.cause === null ? 'good' : 'bad';
}

function Change({ change }: { readonly change: Extract<Moment, { kind: 'change' }> }): ReactElement {
  const { at, from, to, cause, lastedMs } = change;
  return (
    <>
      <div className="row">
        {to === null ? <span>its record was deleted</span> : <StateBadge state={to} />}
        <RelativeTime at={at} />
      </div>
      <div className="quiet small breaks">
        {cause === null ? null : <>{cause} · </>}
        {from === null ? 'first seen' : `from ${from}`}
        {lastedMs === null ? null : ` · lasted ${duration(lastedMs)}`}
      </div>
    </>
  );
}

/** How an attempt ended. The output is the host's: shown as text, whatever stands in it. */
function AttemptEnd({ attempt }: { readonly attempt: Attempt }): ReactElement {
  const { endedAt, cause, exitCode, output, commandId, link } = attempt;
  const shown = plainText(output.trimEnd());
  return (
    <>
      <div className="row">
        <Badge tone={cause === null ? 'good' : 'bad'}>
          {cause === null ? 'attempt succeeded' : 'attempt failed'}
        </Badge>
        <RelativeTime at={endedAt} />
        {link?.startsWith('https://') === true ? (
          <a href={link} target="_blank" rel="noreferrer noopener" className="small">
            SSM command <ExternalLink aria-hidden className="icon-inline" />
            <span className="unseen"> (opens another page)</span>
          </a>
        ) : null}
      </div>
      <div className="quiet small breaks">
        {cause === null ? null : <>{cause} · </>}
        {exitCode === null ? 'no exit code' : `exit code ${exitCode}`}
        {commandId === null ? ' · no command was accepted' : null}
      </div>
      {shown === '' ? null : (
        <div className="output">
          <CopyButton text={shown} what="the output" />
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolls, so the keyboard must reach it */}
          <pre tabIndex={0} aria-label="Output of the host">
            {shown}
          </pre>
        </div>
      )}
    </>
  );
}
