/**
 * A worker that comes to grief at one exact point: Muster's own worker, with every port that the handlers of an
 * install and of a join are given wrapped so that calls can be numbered. `CHAOS_POINT` is `HANDLER:before|after:N:SIGNAL`: in the
 * first run of that handler which makes an Nth call, the process sends itself the signal right before or after it.
 * `CHAOS_COUNT` instead names a file that is given the highest number that several runs have come to.
 */
import { writeFileSync } from 'node:fs';
import { main } from '@muster/cli/main';
import type { HandlerDeps } from '@muster/worker/deps';
import { HANDLERS } from '@muster/worker/handlers';

type AnyHandler = (payload: never, ctx: never, deps: HandlerDeps) => Promise<unknown>;
type Moment = 'before' | 'after';
/** Told of each call: its number when it begins, and the same when it has ended, whatever else has begun meanwhile. */
interface Watch {
  begin(): number;
  end(number: number): void;
}

/** Parts of the handlers' world that count as calls; the clock and random numbers do not. */
const LEDGERS = [
  'enrollments',
  'due',
  'coverage',
  'control',
  'epochs',
  'caps',
  'brake',
  'nodes',
  'statistics',
  'ramps',
  'waves',
  'selection',
  'waits',
] as const;
const PORTS = ['organization', 'accounts', 'instances', 'commands', 'teleport'] as const;

const { CHAOS_POINT: point, CHAOS_COUNT: countFile, ...env } = process.env;
/** `HANDLER.N` → how many runs have made an Nth call. */
const reached = new Map<string, number>();
/** So many runs must come to a point: one that a single run came to is seldom met again. */
const SEVERAL = 3;
let struck = false;

function watchRun(handler: string): Watch {
  const [atHandler, atMoment, atNumber, signal] = (point ?? '').split(':');
  let calls = 0;
  const come = (moment: Moment, number: number): void => {
    if (struck || handler !== atHandler || moment !== atMoment || number !== Number(atNumber)) return;
    struck = true;
    process.kill(process.pid, signal);
  };
  return {
    begin() {
      calls += 1;
      const number = calls;
      noteReached(handler, number);
      come('before', number);
      return number;
    },
    end: (number) => {
      come('after', number);
    },
  };
}

function noteReached(handler: string, number: number): void {
  if (countFile === undefined) return;
  const runs = (reached.get(`${handler}.${number}`) ?? 0) + 1;
  reached.set(`${handler}.${number}`, runs);
  const isHighest = (reached.get(`${handler}.${number + 1}`) ?? 0) < SEVERAL;
  if (runs >= SEVERAL && isHighest) writeFileSync(`${countFile}.${handler}`, String(number));
}

function watchCalls<T extends object>(port: T, watch: Watch): T {
  return new Proxy(port, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]): unknown => {
        const number = watch.begin();
        const result: unknown = Reflect.apply(member, target, args);
        if (!(result instanceof Promise)) {
          watch.end(number);
          return result;
        }
        return result.then((value: unknown) => {
          watch.end(number);
          return value;
        });
      };
    },
  });
}

function watchedDeps(deps: HandlerDeps, watch: Watch): HandlerDeps {
  const ledger = Object.fromEntries(LEDGERS.map((name) => [name, watchCalls(deps.ledger[name], watch)]));
  const ports = Object.fromEntries(PORTS.map((name) => [name, watchCalls(deps[name], watch)]));
  const enqueue = watchCalls({ enqueue: deps.enqueue }, watch).enqueue;
  return { ...deps, ...ports, ledger: { ...deps.ledger, ...ledger }, enqueue };
}

const handlers = HANDLERS as unknown as Record<string, AnyHandler>;
for (const name of ['install-batch', 'collect-command', 'verify-joined', 'read-inventory']) {
  const handle = handlers[name];
  if (handle === undefined) throw new Error(`no handler is called ${name}`);
  handlers[name] = async (payload, ctx, deps) => {
    const watch = watchRun(name);
    return handle(payload, ctx, watchedDeps(deps, watch));
  };
}

process.exitCode = await main(process.argv.slice(2), env);
