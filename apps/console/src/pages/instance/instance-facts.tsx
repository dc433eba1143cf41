import type { InstanceStory } from '@muster/api/instances';
import { Link } from '@tanstack/react-router';
import { ExternalLink } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { plainText } from '../../format/plain-text.ts';
import { labelOfCoverage } from '../../format/wording.ts';
import { RelativeTime } from '../../parts/relative-time.tsx';

/** What is known of the host itself, and where other systems show it. */
export function InstanceFacts({ story }: { readonly story: InstanceStory }): ReactElement {
  const tags = Object.entries(story.tags);
  const { target, links } = story;
  return (
    <section className="card" aria-labelledby="facts">
      <div className="card__head">
        <h2 id="facts">Host</h2>
      </div>
      <div className="card__body stack">
        <dl className="facts">
          <Fact name="Account">
            <Link to="/accounts/$accountId" params={{ accountId: story.accountId }}>
              {story.accountName === '' ? story.accountId : plainText(story.accountName)}
            </Link>{' '}
            <span className="mono">{story.accountId}</span>
          </Fact>
          <Fact name="Region">{story.region}</Fact>
          <Fact name="Matcher">{story.matcher ?? 'none of this configuration'}</Fact>
          {story.wave === null ? null : <Fact name="Wave">{plainText(story.wave)}</Fact>}
          {story.platform === null ? null : <Fact name="Platform">{plainText(story.platform)}</Fact>}
          <Fact name="Launched">
            <RelativeTime at={story.launchedAt} />
          </Fact>
          <Fact name="First seen">
            <RelativeTime at={story.firstSeenAt} />
          </Fact>
          <Fact name="First joined">
            <RelativeTime at={story.joinedAt} />
          </Fact>
          {story.missingNode === null ? null : (
            <Fact name="Node missing">
              since <RelativeTime at={story.missingNode.since} />, last seen{' '}
              <RelativeTime at={story.missingNode.lastSeen} />
            </Fact>
          )}
          <Fact name="Place read">
            {target.status === null ? 'not known' : labelOfCoverage(target.status)}, last tried{' '}
            <RelativeTime at={target.lastRead} />, last complete <RelativeTime at={target.lastComplete} />
          </Fact>
          {tags.length === 0 ? null : (
            <Fact name="Tags">
              <ul>
                {tags.map(([key, value]) => (
                  <li key={key}>
                    <code>
                      {plainText(key)}={plainText(value)}
                    </code>
                  </li>
                ))}
              </ul>
            </Fact>
          )}
        </dl>
        <ul className="row">
          <Outside href={links.ec2}>EC2 console</Outside>
          <Outside href={links.command}>SSM command</Outside>
          <Outside href={links.teleport}>Teleport node</Outside>
        </ul>
      </div>
    </section>
  );
}

/** A line of a list of facts (`dl.facts`). */
export function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** A link to another system; nothing where there is none, or where it is no address of the web. */
function Outside({
  href,
  children,
}: {
  readonly href: string | null;
  readonly children: string;
}): ReactElement | null {
  if (href?.startsWith('https://') !== true) return null;
  return (
    <li>
      <a className="button button--small" href={href} target="_blank" rel="noreferrer noopener">
        {children}
        <ExternalLink aria-hidden />
        <span className="unseen"> (opens another page)</span>
      </a>
    </li>
  );
}
