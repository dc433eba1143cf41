/** An operator at the API of one scheduler: signs in by a link, and sends what a page would. */
import type { ActionPlan, ActionRow } from '@muster/api/actions';
import { Session } from '@muster/api/session';
import type { Ledger } from '@muster/core/control/ledger';
import { eventually } from '@muster/testing/eventually';
import type { SupervisedProcess } from '@muster/testing/supervised-process';

export interface ApiOperator {
  /** Dry run, then the action itself. Throws for any other answer than 202. */
  act(kind: string, selection: object): Promise<ActionRow>;
  /** Asks `/api/v1`. Throws for any other answer than 200. @param path such as `/instances?limit=5` */
  read<T>(path: string): Promise<T>;
}

/** Signs in as an operator. @param scheduler may still be starting */
export async function signIn(scheduler: SupervisedProcess, ledger: Ledger): Promise<ApiOperator> {
  const url = await eventually(
    'the scheduler has started',
    () => /"url":"(http:[^"]+)"/.exec(scheduler.log())?.[1] ?? null,
  );
  const secret = await ledger.access.links.make({ name: 'ann', role: 'operator' });
  const linked = await fetch(`${url}/auth/link/${secret}`, { method: 'POST', redirect: 'manual' });
  const cookie = linked.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const session = await fetch(`${url}/auth/session`, { headers: { cookie } });
  const { csrf } = Session.parse(await session.json());

  async function post<T>(
    status: number,
    body: object,
    more: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const answer = await fetch(`${url}/api/v1/actions`, {
      method: 'POST',
      headers: { cookie, 'x-csrf-token': csrf ?? '', 'content-type': 'application/json', ...more },
      body: JSON.stringify(body),
    });
    const answered: unknown = await answer.json();
    if (answer.status !== status) throw new Error(`${answer.status}: ${JSON.stringify(answered)}`);
    return answered as T;
  }

  return {
    async read<T>(path: string) {
      const answer = await fetch(`${url}/api/v1${path}`, { headers: { cookie } });
      const answered: unknown = await answer.json();
      if (answer.status !== 200) throw new Error(`${answer.status}: ${JSON.stringify(answered)}`);
      return answered as T;
    },

    async act(kind, selection) {
      const { plan } = await post<ActionPlan>(200, { kind, selection, dry_run: true });
      return post<ActionRow>(202, { kind, selection, plan }, { 'idempotency-key': plan });
    },
  };
}
