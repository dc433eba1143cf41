import type { RedisFacts } from '@muster/api/installation';
import type { ReactElement } from 'react';
import { bytes } from '../../format/bytes.ts';
import { figure } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { duration } from '../../format/time.ts';

const STATES = ['waiting', 'active', 'delayed', 'completed', 'failed'];

/** The Redis behind it all, and the jobs of its queues. */
export function RedisCard({ facts }: { readonly facts: RedisFacts }): ReactElement {
  const queues = Object.entries(facts.queues);
  const states = [...new Set([...STATES, ...queues.flatMap(([, counts]) => Object.keys(counts))])].filter(
    (state) => queues.some(([, counts]) => counts[state] !== undefined),
  );
  return (
    <div className="stack">
      <dl className="facts" id="redis">
        <dt>Server</dt>
        <dd>
          {plainText(facts.server)} {plainText(facts.version ?? '')} {plainText(facts.mode ?? '')}
        </dd>
        <dt>Memory</dt>
        <dd>
          {facts.memoryBytes === null ? '—' : bytes(facts.memoryBytes)}
          {facts.memoryLimitBytes === null ? ', no limit' : ` of ${bytes(facts.memoryLimitBytes)}`}
        </dd>
        <dt>Eviction</dt>
        <dd>{plainText(facts.evictionPolicy ?? '—')}</dd>
        <dt>Persistence</dt>
        <dd>{plainText(facts.persistence ?? '—')}</dd>
        <dt>Load</dt>
        <dd>
          {facts.opsPerSecond === null ? '—' : `${figure(Math.round(facts.opsPerSecond))} commands a second`}
          {facts.clients === null ? '' : `, ${figure(facts.clients)} clients`}
        </dd>
        <dt>Up for</dt>
        <dd>{facts.uptimeSeconds === null ? '—' : duration(1_000 * facts.uptimeSeconds)}</dd>
      </dl>
      {queues.length === 0 ? null : (
        <div className="scroll-x" role="region" aria-label="Jobs by queue and state" tabIndex={0}>
          <table className="plain-table" id="queues">
            <caption className="unseen">Jobs by queue and state</caption>
            <thead>
              <tr>
                <th scope="col">Queue</th>
                {states.map((state) => (
                  <th key={state} scope="col">
                    {state}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {queues.map(([queue, counts]) => (
                <tr key={queue}>
                  <th scope="row">{queue}</th>
                  {states.map((state) => (
                    <td key={state}>{figure(counts[state] ?? 0)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p>
        <a href="/queues">Look into the queues</a>
      </p>
    </div>
  );
}
