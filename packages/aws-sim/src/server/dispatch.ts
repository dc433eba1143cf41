import { hashNumbers, hashText, unit } from '../world/hash.ts';
import { authenticate, type Caller, guessService } from '../iam/authenticate.ts';
import { authorize } from '../iam/authorize.ts';
import { bucketsFor } from '../limits/defaults.ts';
import type { CallFate } from '../report/call-tally.ts';
import type { FaultVerdict } from '../faults/decide.ts';
import { encodeError, encodeSuccess, type WireAnswer } from './encode.ts';
import { findOperation, type FoundOperation } from './operations.ts';
import { commonError, deniedError, serverError, ServiceError, type ServiceName } from './service-error.ts';
import type { SignedRequest } from './sigv4.ts';
import type { Call, Simulation } from './simulation.ts';

/** How a request is to be answered. */
export interface Answer {
  /** What goes over the wire; null when the connection is reset or nothing ever comes. */
  readonly wire: WireAnswer | null;
  readonly silence: 'none' | 'reset' | 'timeout';
  /** Real milliseconds to wait before. */
  readonly delayMs: number;
}

/**
 * Answers one request: signature, faults before the effect, limits, permissions, the operation itself, faults after the
 * effect. Never throws for what a client sends.
 */
export function dispatch(sim: Simulation, request: SignedRequest, requestId: string): Answer {
  const nowMs = sim.clock.nowMs();
  let caller: Caller;
  try {
    caller = authenticate(request, sim.credentials, sim.verifier, nowMs);
  } catch (error) {
    const service = guessService(request);
    sim.tally.count(`${service}:unauthenticated`, 'denied');
    return answerWith(encodeError(service, asServiceError(error, service), requestId), 0);
  }
  const { service } = caller;
  let found: FoundOperation;
  try {
    found = findOperation(service, request);
  } catch (error) {
    sim.tally.count(`${service}:unknown`, 'invalid');
    return answerWith(encodeError(service, asServiceError(error, service), requestId), 0);
  }
  const api = `${service}:${found.name}`;
  const question = { accountId: caller.principal.accountId, region: caller.region, api };
  const faults = sim.faults.judge(question, sim.clock.elapsedSimMs());
  const delayMs = answerDelayMs(sim, question, faults);
  if (faults.decisive?.endsWith('-before') === true) {
    sim.tally.count(api, 'faulted');
    return { wire: null, silence: faults.decisive === 'reset-before' ? 'reset' : 'timeout', delayMs };
  }
  const { wire, fate } = perform(sim, caller, found, { api, requestId, nowMs, faults });
  const lost = faults.decisive?.endsWith('-after') === true && fate === 'ok';
  sim.tally.count(api, lost ? 'faulted' : fate);
  if (!lost) return answerWith(wire, delayMs);
  if (faults.decisive === 'reset-after') return { wire: null, silence: 'reset', delayMs };
  if (faults.decisive === 'timeout-after') return { wire: null, silence: 'timeout', delayMs };
  return answerWith(encodeError(service, serverError(service, faults.status), requestId), delayMs);
}

function answerWith(wire: WireAnswer, delayMs: number): Answer {
  return { wire, silence: 'none', delayMs };
}

interface Asked {
  readonly api: string;
  readonly requestId: string;
  readonly nowMs: number;
  readonly faults: FaultVerdict;
}

function perform(
  sim: Simulation,
  caller: Caller,
  found: FoundOperation,
  asked: Asked,
): { wire: WireAnswer; fate: CallFate } {
  const { service } = caller;
  const { api, requestId, nowMs, faults } = asked;
  let stage: CallFate = 'faulted';
  try {
    refuseByFault(caller, api, faults);
    stage = 'throttled';
    takeTokens(sim, caller, api, found.bucket ?? api, nowMs);
    stage = 'denied';
    authorize(sim.world, caller, api);
    stage = 'invalid';
    const asOfMs = nowMs - faults.staleMs / sim.clock.speed;
    const call: Call = { sim, caller, requestId, nowMs, asOfMs, faults };
    const output = found.run(call);
    return { wire: encodeSuccess(service, found.name, output, requestId), fate: 'ok' };
  } catch (error) {
    const known = asServiceError(error, service);
    if (stage === 'faulted' && faults.decisive === 'throttle') stage = 'throttled';
    if (known.code.startsWith('AccessDenied') || known.code === 'UnauthorizedOperation') stage = 'denied';
    return { wire: encodeError(service, known, requestId), fate: stage };
  }
}

/** Faults that the service itself answers, before anything happens. */
function refuseByFault(caller: Caller, api: string, faults: FaultVerdict): void {
  const { service, principal } = caller;
  const { decisive } = faults;
  if (decisive === 'throttle') throw throttleError(service, principal.accountId, api);
  if (decisive === 'error') throw serverError(service, faults.status);
  if (decisive === 'expired-credentials') throw commonError(service, 'expired-token');
  if (decisive !== 'deny') return;
  throw deniedError(service, { action: api, principalArn: principal.arn, resource: '*', reason: 'identity' });
}

function takeTokens(sim: Simulation, caller: Caller, api: string, bucket: string, nowMs: number): void {
  const { accountId } = caller.principal;
  for (const { name, limit } of bucketsFor(bucket, accountId, caller.region, sim.world.limits)) {
    if (!sim.buckets.take(name, limit, nowMs)) throw throttleError(caller.service, accountId, api);
  }
}

function throttleError(service: ServiceName, accountId: string, api: string): ServiceError {
  return service === 'ec2'
    ? commonError(
        service,
        'throttled',
        `Request limit exceeded. Account ${accountId} has been throttled on ${api} because it exceeded its request rate limit.`,
      )
    : commonError(service, 'throttled');
}

function answerDelayMs(
  sim: Simulation,
  question: { accountId: string; region: string; api: string },
  faults: FaultVerdict,
): number {
  const [least, most] = sim.world.latency.apiMs;
  let simMs = faults.slowMs;
  if (most > 0) {
    const key = `${question.accountId}/${question.region}/${question.api}`;
    const nth = sim.delayed.get(key) ?? 0;
    sim.delayed.set(key, nth + 1);
    const roll = unit(hashNumbers(hashText(sim.world.seed, key), nth, 0x1a7));
    simMs += least + roll * (most - least);
  }
  return simMs / sim.clock.speed;
}

function asServiceError(error: unknown, service: ServiceName): ServiceError {
  if (error instanceof ServiceError) return error;
  // A fault of the simulator itself: loud, and in no service's words.
  process.stderr.write(
    `aws-sim: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return new ServiceError('SimulatorDefect', `${service}: ${String(error)}`, 500);
}
