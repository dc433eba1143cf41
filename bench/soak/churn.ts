import type { WorldChange } from '@muster/aws-sim/world/change';
import type { MusterSystem } from '@muster/testing/muster-system';

/** In one step: so many hosts come and as many go, so many stop and as many start again, so many agents die and come back. */
const AT_ONCE = 2;
/** Of the hosts that are launched, one of so many refuses the installer. */
const ONE_FAILS_OF = 10;
/** Agents and stopped hosts are away for so many steps. */
const STEPS_AWAY = 3;

/** An instance as the simulator lists it. */
interface Listed {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly state: string;
}

/**
 * What an organization does all day: instances come, go, stop and start again, agents die and come back. Which ones follows from
 * `random` (0 ≤ x < 1). The size of the fleet stays.
 */
export interface Churn {
  /** Makes the changes of one step. */
  step(): Promise<void>;
  /** Hosts launched so far, and terminated. */
  readonly launched: () => number;
}

/** Begins with the instances that there are. */
export async function startChurn({ aws }: MusterSystem, random: () => number): Promise<Churn> {
  const answer = await fetch(`${aws.url}/_sim/instances?limit=1000000`);
  const { instances } = (await answer.json()) as { readonly instances: readonly Listed[] };
  const running = instances.filter(({ state }) => state === 'running').map(({ id }) => id);
  const places = instances.map(({ account, region }) => ({ account, region }));
  const away: { readonly back: WorldChange; readonly id: string; readonly atStep: number }[] = [];
  let launched = 0;
  let steps = 0;

  function takeOne(): string | null {
    const [id] = running.splice(Math.floor(random() * running.length), 1);
    return id ?? null;
  }

  function launch(): WorldChange[] {
    const place = places[Math.floor(random() * places.length)];
    if (place === undefined) return [];
    launched += 1;
    const fails = launched % ONE_FAILS_OF === 0;
    const outcome = fails ? ({ kind: 'preflight', exitCode: 103 } as const) : ({ kind: 'joins' } as const);
    return [
      { op: 'launch-instances', accountId: place.account, instance: { region: place.region, outcome } },
    ];
  }

  function sendAway(
    op: 'stop-instance' | 'lose-node',
    backBy: 'start-instance' | 'restore-node',
  ): WorldChange[] {
    const id = takeOne();
    if (id === null) return [];
    away.push({ id, back: { op: backBy, instanceId: id }, atStep: steps + STEPS_AWAY });
    return [{ op, instanceId: id }];
  }

  function end(): WorldChange[] {
    const id = takeOne();
    return id === null ? [] : [{ op: 'terminate-instance', instanceId: id }];
  }

  function comeBack(): WorldChange[] {
    const due = away.filter(({ atStep }) => atStep <= steps);
    away.splice(0, due.length);
    running.push(...due.map(({ id }) => id));
    return due.map(({ back }) => back);
  }

  return {
    launched: () => launched,
    async step() {
      steps += 1;
      const changes = comeBack();
      for (let n = 0; n < AT_ONCE; n += 1) {
        changes.push(...launch(), ...end());
        changes.push(
          ...sendAway('stop-instance', 'start-instance'),
          ...sendAway('lose-node', 'restore-node'),
        );
      }
      for (const { error, ids = [] } of await aws.change(...changes)) {
        if (error !== undefined) throw new Error(`the simulator refused a change: ${error}`);
        running.push(...ids);
      }
    },
  };
}
