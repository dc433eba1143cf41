import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import {
  accessQuery,
  configurationQuery,
  processesQuery,
  redisQuery,
  sessionQuery,
} from '../../api/queries.ts';
import { Shown } from '../../parts/states-of-view.tsx';
import { AccessCard } from './access-card.tsx';
import { Configuration } from './configuration.tsx';
import { ProcessTable } from './process-table.tsx';
import { RedisCard } from './redis-card.tsx';

/** What runs: processes, Redis, and the configuration that is in force; for admins also who may come in. */
export function SettingsPage(): ReactElement {
  const processes = useQuery(processesQuery);
  const redis = useQuery(redisQuery);
  const configuration = useQuery(configurationQuery);
  const isAdmin = useQuery(sessionQuery).data?.principal?.role === 'admin';
  const access = useQuery({ ...accessQuery, enabled: isAdmin });
  return (
    <>
      <header className="page-head">
        <h1>Settings</h1>
      </header>
      <div className="stack">
        <section className="card" aria-labelledby="processes-title">
          <header className="card__head">
            <h2 id="processes-title">Processes</h2>
          </header>
          <div className="card__body card__body--flush">
            <Shown of={processes} what="Processes">
              {({ items }) => <ProcessTable processes={items} />}
            </Shown>
          </div>
        </section>
        <section className="card" aria-labelledby="redis-title">
          <header className="card__head">
            <h2 id="redis-title">Redis</h2>
          </header>
          <div className="card__body">
            <Shown of={redis} what="Redis">
              {(facts) => <RedisCard facts={facts} />}
            </Shown>
          </div>
        </section>
        {isAdmin ? (
          <section className="card" aria-labelledby="access-title">
            <header className="card__head">
              <h2 id="access-title">Access</h2>
            </header>
            <div className="card__body card__body--flush">
              <Shown of={access} what="Who may come in">
                {(data) => <AccessCard access={data} />}
              </Shown>
            </div>
          </section>
        ) : null}
        <section className="card" aria-labelledby="configuration-title">
          <Shown of={configuration} what="The configuration" rows={8}>
            {(data) => <Configuration configuration={data} />}
          </Shown>
        </section>
      </div>
    </>
  );
}
