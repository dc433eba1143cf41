import type { ReactElement } from 'react';

/** Is everything well, what needs an operator, what is moving. */
export function OverviewPage(): ReactElement {
  return <h1>Overview</h1>;
}
