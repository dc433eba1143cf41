import type { InstanceStory } from '@muster/api/instances';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type LucideIcon, Pause, Play, RotateCw } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { instanceQuery } from '../../api/fleet-queries.ts';
import { plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { ownerName, scopeName } from '../../format/wording.ts';
import { Badge, StateBadge } from '../../parts/badge.tsx';
import { type Act, ConfirmAct } from '../../parts/confirm-act.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Remedy } from '../../parts/remedy.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Shown } from '../../parts/states-of-view.tsx';
import { checksOf } from './checks.ts';
import { Fact, InstanceFacts } from './instance-facts.tsx';
import { InstanceTimeline } from './instance-timeline.tsx';
import './instance.css';

/** All that is known of one instance, and what an operator can do about it. */
export function InstancePage(): ReactElement {
  const { instanceId = '' } = useParams({ strict: false });
  const story = useQuery(instanceQuery(instanceId));
  return (
    <div className="stack">
      <p className="small">
        <Link to="/instances">Instances</Link>
      </p>
      <Shown of={story} what={`Instance ${instanceId}`} rows={8}>
        {(found) => <Story story={found} />}
      </Shown>
    </div>
  );
}

function Story({ story }: { readonly story: InstanceStory }): ReactElement {
  return (
    <>
      <header className="spread">
        <div>
          <h1 className="breaks">{story.name === '' ? story.instanceId : plainText(story.name)}</h1>
          <div className="row">
            <StateBadge state={story.state} />
            {story.since === null ? null : (
              <span className="quiet">
                since <RelativeTime at={story.since} />
              </span>
            )}
            <span className="mono">{story.instanceId}</span>
            <CopyButton text={story.instanceId} what="the instance id" />
          </div>
        </div>
        <Acts story={story} />
      </header>
      <div className="instance__columns">
        <div className="stack">
          <Standing story={story} />
          <InstanceTimeline story={story} />
        </div>
        <div className="stack">
          <Checks story={story} />
          <InstanceFacts story={story} />
        </div>
      </div>
    </>
  );
}

/** What can be done with this one host. A pause that covers more than this host is ended where it was made. */
function Acts({ story: { instanceId, pausedBy } }: { readonly story: InstanceStory }): ReactElement {
  const [act, setAct] = useState<Act | null>(null);
  const scope = `instance:${instanceId}`;
  const isPaused = pausedBy === scope;
  const acts: readonly (Pick<Act, 'kind' | 'title'> & {
    readonly label: string;
    readonly icon: LucideIcon;
  })[] = [
    { kind: 'retry', title: `Retry ${instanceId}`, label: 'Retry', icon: RotateCw },
    isPaused
      ? { kind: 'resume', title: `Resume ${instanceId}`, label: 'Resume', icon: Play }
      : { kind: 'pause', title: `Pause ${instanceId}`, label: 'Pause', icon: Pause },
  ];
  return (
    <div className="row">
      {acts.map(({ kind, title, label, icon: Icon }) => (
        <button
          key={kind}
          type="button"
          className="button"
          onClick={() => {
            setAct({ kind, title, selection: { scope } });
          }}
        >
          <Icon aria-hidden />
          {label}
        </button>
      ))}
      <ConfirmAct
        act={act}
        onClose={() => {
          setAct(null);
        }}
      />
    </div>
  );
}

/** Why it stands where it stands, who must act and how, and what comes next. */
function Standing({ story }: { readonly story: InstanceStory }): ReactElement {
  const { cause, causeTitle, owner, remedy, waitsFor, pausedBy, nextAttemptAt, outputAlike } = story;
  return (
    <section className="card" aria-labelledby="standing">
      <div className="card__head">
        <h2 id="standing">{causeTitle ?? (cause === null ? 'What comes next' : cause)}</h2>
        {cause === null ? null : (
          <Link to="/instances" search={{ cause }} className="mono small">
            {cause}
          </Link>
        )}
      </div>
      <div className="card__body">
        <dl className="facts">
          {owner === null ? null : <Fact name="Who must act">{ownerName(owner)}</Fact>}
          {remedy === null ? null : (
            <Fact name="Remedy">
              <Remedy text={remedy} />
            </Fact>
          )}
          <Fact name="Next attempt">
            {nextAttemptAt === null ? (
              <span className="quiet">none is planned</span>
            ) : (
              <RelativeTime at={nextAttemptAt} />
            )}
          </Fact>
          <Fact name="Waits for">{waitsFor ?? <span className="quiet">nothing</span>}</Fact>
          {pausedBy === null ? null : <Fact name="Paused">{scopeName(pausedBy)}: nothing is sent to it</Fact>}
          {outputAlike === null ? null : (
            <Fact name="Others like it">
              {plural(outputAlike.hosts, 'host')} of {plural(outputAlike.accounts, 'account')} printed{' '}
              <code className="breaks">{plainText(outputAlike.template)}</code>
            </Fact>
          )}
        </dl>
      </div>
    </section>
  );
}

function Checks({ story }: { readonly story: InstanceStory }): ReactElement {
  return (
    <section className="card" aria-labelledby="checks">
      <div className="card__head">
        <h2 id="checks">Checks</h2>
      </div>
      <ol className="card__body instance__checks">
        {checksOf(story).map(({ name, tone, found }) => (
          <li key={name}>
            <Badge tone={tone}>{CHECK_WORDS[tone]}</Badge>
            <div>
              {name}
              <div className="quiet small breaks">{plainText(found)}</div>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

const CHECK_WORDS = {
  good: 'holds',
  busy: 'under way',
  warn: 'fix first',
  bad: 'fails',
  off: 'open',
} as const;
