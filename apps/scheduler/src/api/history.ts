import { History, HistoryQuery } from '@muster/api/history';
import { readHistory } from '@muster/core/history/read-history';
import { answer, type ApiRoute, defineRoute } from './route.ts';

/** Figures over time. */
export const historyRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/history',
    operationId: 'readHistory',
    tag: 'history',
    summary: 'Figures over time: hosts by state, by cause and by group of accounts, and work done',
    description:
      'Five minutes apart within the last 48 hours, hours apart before; at most 301 points. A value of null was not recorded.',
    role: 'viewer',
    query: HistoryQuery,
    answer: History,
    async handle({ query: { series: kind, from, to } }, { ledger, config, clock }) {
      const view = await readHistory(
        ledger,
        config(),
        { kind, fromMs: millisecondsOf(from), toMs: millisecondsOf(to) },
        clock.now(),
      );
      return answer({
        stepMs: view.stepMs,
        at: view.atMs.map(timeOf),
        series: view.series.map(({ name, values }) => ({ name, values: [...values] })),
        eta: view.endsAtMs === null ? null : timeOf(view.endsAtMs),
      });
    },
  }),
];

function millisecondsOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
