import type { WaveView } from '@muster/core/rollout/waves/wave-view';
import type { List } from './list.ts';

export const WAVE_LIST: List<WaveView> = {
  noun: 'waves',
  none: 'there are no waves: all hosts begin at once (muster.rollout.waves)',
  fields: [
    'name',
    'state',
    'waitsFor',
    'why',
    'until',
    'hosts',
    'joined',
    'failed',
    'lost',
    'underWay',
    'waiting',
  ],
  columns: [
    { field: 'name', title: 'wave' },
    { field: 'hosts', title: 'hosts', align: 'right' },
    { field: 'joined', title: 'joined', align: 'right' },
    { field: 'failed', title: 'failed', align: 'right' },
    { field: 'lost', title: 'lost', align: 'right' },
    { field: 'underWay', title: 'under way', align: 'right' },
    { field: 'waiting', title: 'waiting', align: 'right' },
  ],
};
