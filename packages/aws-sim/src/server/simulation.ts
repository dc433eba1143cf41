import type { SimClock } from '../clock/sim-clock.ts';
import type { CommandStore } from '../commands/command-store.ts';
import type { DocumentLibrary } from '../commands/document-library.ts';
import type { HostNetwork } from '../commands/host-network.ts';
import type { FaultBook, FaultVerdict } from '../faults/decide.ts';
import type { Caller } from '../iam/authenticate.ts';
import type { CredentialBook } from '../iam/principals.ts';
import type { TokenBuckets } from '../limits/token-buckets.ts';
import type { CallTally } from '../report/call-tally.ts';
import type { World } from '../world/world.ts';
import type { SignatureVerifier } from './sigv4.ts';

/** Everything a running simulator consists of. */
export interface Simulation {
  readonly world: World;
  readonly clock: SimClock;
  readonly credentials: CredentialBook;
  readonly verifier: SignatureVerifier;
  readonly buckets: TokenBuckets;
  readonly faults: FaultBook;
  readonly commands: CommandStore;
  readonly documents: DocumentLibrary;
  readonly tally: CallTally;
  /** How many answers were delayed by the latency of the world, per account, region and API. */
  readonly delayed: Map<string, number>;
  /** The way of the hosts to the proxy; can be exchanged while it runs. */
  network: HostNetwork;
}

/** One call that got through signature, limits and permissions. */
export interface Call {
  readonly sim: Simulation;
  readonly caller: Caller;
  readonly requestId: string;
  /** Real epoch milliseconds. */
  readonly nowMs: number;
  /** The moment whose state is shown: now, or earlier for a stale answer. */
  readonly asOfMs: number;
  readonly faults: FaultVerdict;
}

/** An operation of a service. `I` is the raw input of its protocol, `O` the raw output. */
export interface Operation<I, O> {
  /** Name of the bucket that a call draws from, when it depends on the input. @default the operation's own */
  readonly bucket?: (input: I) => string;
  handle(call: Call, input: I): O;
}

/** Operations by name. */
export type OperationTable<I, O> = Readonly<Record<string, Operation<I, O>>>;
