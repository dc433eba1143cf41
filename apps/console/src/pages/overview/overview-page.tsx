import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { overviewQuery } from '../../api/queries.ts';
import { plainText } from '../../format/plain-text.ts';
import { type Act, ConfirmAct } from '../../parts/confirm-act.tsx';
import { Shown } from '../../parts/states-of-view.tsx';
import { Funnel } from './funnel.tsx';
import { JoinedChart } from './joined-chart.tsx';
import { Needs } from './needs.tsx';
import { Owners } from './owners.tsx';
import { RolloutBrief } from './rollout-brief.tsx';
import { Standing } from './standing.tsx';
import { SweepCard } from './sweep-card.tsx';
import { WorkCard } from './work-card.tsx';
import './overview.css';

/** Is everything well, what needs an operator, what is moving. */
export function OverviewPage(): ReactElement {
  const overview = useQuery(overviewQuery);
  const [act, setAct] = useState<Act | null>(null);
  return (
    <>
      <header className="page-head">
        <div>
          <h1>Overview</h1>
          <p className="quiet breaks">
            {overview.data === undefined
              ? ' '
              : `${plainText(overview.data.cluster.proxyServer ?? 'No Teleport proxy')}, discovery group ${plainText(overview.data.cluster.discoveryGroup)}`}
          </p>
        </div>
        <button
          type="button"
          className="button"
          onClick={() => {
            setAct({ kind: 'sweep', selection: { scope: 'all' }, title: 'Read everything again' });
          }}
        >
          Read everything again
        </button>
      </header>
      <Shown of={overview} what="The overview" rows={12}>
        {(data) => (
          <div className="stack">
            <Standing overview={data} />
            <div className="overview__columns">
              <div className="stack">
                <Needs overview={data} onAct={setAct} />
                <JoinedChart />
                <WorkCard overview={data} />
              </div>
              <div className="stack">
                <SweepCard overview={data} />
                <RolloutBrief overview={data} />
                <Funnel overview={data} />
                <Owners overview={data} />
              </div>
            </div>
          </div>
        )}
      </Shown>
      <ConfirmAct
        act={act}
        onClose={() => {
          setAct(null);
        }}
      />
    </>
  );
}
