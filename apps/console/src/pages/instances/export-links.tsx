import { Download } from 'lucide-react';
import type { ReactElement } from 'react';
import { addressOf } from '../../api/client.ts';
import type { Search } from '../../parts/search.ts';

/** The whole list that the filters give as a document: the scheduler streams it, the browser saves it. */
export function ExportLinks({
  filters,
  sort,
}: {
  readonly filters: Search;
  readonly sort: string;
}): ReactElement {
  return (
    <p className="row">
      {(['csv', 'ndjson'] as const).map((format) => (
        <a
          key={format}
          className="button button--small"
          download={`instances.${format}`}
          href={addressOf(`/instances.${format}`, { ...filters, sort })}
        >
          <Download aria-hidden />
          {format === 'csv' ? 'CSV' : 'JSON lines'}
        </a>
      ))}
    </p>
  );
}
