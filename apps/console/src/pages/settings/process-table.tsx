import type { ProcessRow } from '@muster/api/installation';
import type { ReactElement } from 'react';
import { bytes } from '../../format/bytes.ts';
import { plainText } from '../../format/plain-text.ts';
import { Badge } from '../../parts/badge.tsx';
import type { Column } from '../../parts/column.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Empty } from '../../parts/states-of-view.tsx';
import { differsOf } from './clock.ts';

const COLUMNS: readonly Column<ProcessRow>[] = [
  { id: 'name', header: 'Process', weight: 16, cell: (row) => plainText(row.name) },
  { id: 'part', header: 'Part', weight: 8, cell: (row) => row.part },
  {
    id: 'release',
    header: 'Version',
    weight: 12,
    cell: (row) => (
      <span title={row.commit === null ? undefined : `commit ${row.commit}`}>
        {row.release ?? 'an older one'}
      </span>
    ),
  },
  { id: 'node', header: 'Node', weight: 8, cell: (row) => row.node ?? '—' },
  {
    id: 'clock',
    header: 'Clock',
    weight: 13,
    cell: (row) => <Badge tone={row.clockIsOff ? 'bad' : 'good'}>{differsOf(row.clockOffsetMs)}</Badge>,
  },
  {
    id: 'cpu',
    header: 'CPU',
    weight: 7,
    isNumber: true,
    cell: (row) => (row.cpuShare === null ? '—' : `${Math.round(100 * row.cpuShare)} %`),
  },
  {
    id: 'memory',
    header: 'Memory',
    weight: 8,
    isNumber: true,
    cell: (row) => (row.memoryBytes === null ? '—' : bytes(row.memoryBytes)),
  },
  { id: 'heard', header: 'Heard', weight: 9, cell: (row) => <RelativeTime at={row.heardAt} /> },
];

/** Schedulers and workers that have spoken lately: version, clock and load. */
export function ProcessTable({ processes }: { readonly processes: readonly ProcessRow[] }): ReactElement {
  if (processes.length === 0) return <Empty title="No process has been heard of" />;
  return <DataTable label="Processes" columns={COLUMNS} rows={processes} rowId={(row) => row.name} />;
}
