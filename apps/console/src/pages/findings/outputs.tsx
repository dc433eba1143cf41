import type { FindingRow } from '@muster/api/findings';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { RelativeTime } from '../../parts/relative-time.tsx';

/** What failed hosts printed alike: one line stands for thousands. */
export function Outputs({ finding }: { readonly finding: Pick<FindingRow, 'outputs'> }): ReactElement | null {
  if (finding.outputs.length === 0) return null;
  return (
    <ul className="outputs" aria-label="What hosts printed">
      {finding.outputs.map(({ template, hosts, accounts, newest, example }) => (
        <li key={template ?? ''}>
          {template === null ? (
            <p className="quiet">Like no other output</p>
          ) : (
            <pre className="outputs__template">{plainText(template)}</pre>
          )}
          <p className="quiet small">
            {plural(hosts, 'host')} in {plural(accounts, 'account')}, last <RelativeTime at={newest} />, such
            as{' '}
            <Link to="/instances/$instanceId" params={{ instanceId: example.instanceId }} className="mono">
              {example.instanceId}
            </Link>
          </p>
        </li>
      ))}
    </ul>
  );
}
