import type { ReactElement } from 'react';
import { Failed } from '../parts/states-of-view.tsx';

/** For a page that broke, or whose code could not be loaded: after an upgrade an open page asks for files that are gone. */
export function PageFault({ error }: { readonly error: unknown }): ReactElement {
  return (
    <Failed
      what="This page"
      error={error}
      onRetry={() => {
        window.location.reload();
      }}
    />
  );
}
