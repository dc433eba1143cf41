import { Download } from 'lucide-react';
import type { ReactElement } from 'react';
import { addressOf } from '../../api/client.ts';
import type { Search } from '../../parts/search.ts';

/** The whole list that the filters give as a document, in the order of ids: the scheduler streams it, the browser saves it. */
export function ExportLinks({ filters }: { readonly filters: Search }): ReactElement {
  return (
    <p className="row">
      {(['csv', 'ndjson'] as const).map((format) => (
        <a
          key={format}
          className="button button--small"
          download={`instances.${format}`}
          href={addressOf(`/instances.${format}`, filters)}
        >
          <Download aria-hidden />
          {format === 'csv' ? 'CSV' : 'JSON lines'}
        </a>
      ))}
    </p>
  );
}
