import type { AttemptResult, MissingNode } from './record.ts';
import type { Cause } from './cause.ts';
import type { BatchId, CommandId, InstanceId, MatcherKey } from '../organization/ids.ts';
import type { ManagedNode } from '../scan/instance.ts';

/** What the pre-check said of a running, matched instance. */
export type Judgment = { readonly kind: 'eligible' } | { readonly kind: 'ineligible'; readonly cause: Cause };

/** Something that happened to an instance, as far as its record is concerned. */
export type EnrollmentEvent =
  /** A scan saw it running, matched by `matcherKey`. */
  | {
      readonly kind: 'seen';
      readonly instanceId: InstanceId;
      readonly matcherKey: MatcherKey;
      readonly launchedAtMs: number | null;
      /** The selection that adds it, unless it was selected before; null: the accepted one has it; absent: not asked. */
      readonly addedBy?: string | null | undefined;
      /** Its wave; empty when that cannot be told, absent where there are no waves. */
      readonly wave?: string | undefined;
      /** Those of its tags that people are shown (`muster.shown_tags`); absent: not asked. */
      readonly tags?: Readonly<Record<string, string>> | undefined;
    }
  | { readonly kind: 'seen-stopped' }
  | { readonly kind: 'seen-unmatched' }
  /** A complete scan did not show it. */
  | { readonly kind: 'not-seen' }
  | {
      readonly kind: 'judged';
      readonly judgment: Judgment;
      /** As SSM's inventory shows it; absent when that does not list the instance, or was not asked. */
      readonly node?: ManagedNode | undefined;
    }
  | { readonly kind: 'node-seen'; readonly nodeId: string }
  | { readonly kind: 'claimed'; readonly batchId: BatchId }
  /** The batch was refused and nothing ran. `cause` null: not this instance's fault, again at `readyAtMs`. */
  | {
      readonly kind: 'send-refused';
      readonly batchId: BatchId;
      readonly cause: Cause | null;
      readonly readyAtMs: number;
    }
  | { readonly kind: 'accepted'; readonly batchId: BatchId; readonly commandId: CommandId }
  | { readonly kind: 'ended'; readonly commandId: CommandId; readonly result: AttemptResult }
  | { readonly kind: 'join-deadline-passed' }
  /** A complete reading of the inventory does not show the node of a host that had joined. */
  | ({ readonly kind: 'node-missing' } & MissingNode)
  /** It was missing for `muster.inventory.lost_after`, and a complete scan shows the host running. */
  | { readonly kind: 'node-lost' }
  /** An operator wants it tried now. */
  | {
      readonly kind: 'retry-requested';
      /** The ramp by which the retry of many begins; absent for a few. */
      readonly ramp?: string | undefined;
    };

/** One kind of event. */
export type EventOf<Kind extends EnrollmentEvent['kind']> = Extract<EnrollmentEvent, { kind: Kind }>;
