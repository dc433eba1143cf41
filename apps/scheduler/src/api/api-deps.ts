import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import type { JobQueue } from '@muster/core/jobs/queue/enqueue';
import type { ServerInfo } from '@muster/core/redis/server-info';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { Redact } from '@muster/core/runtime/redaction';
import type { CachedRead } from '../http/cached-read.ts';
import type { ReadModel } from '../read-model/read-model.ts';
import type { Snapshot } from '../http/snapshot.ts';
import type { AuditSelections } from './audit-selection.ts';
import type { AuditView } from './audit-view.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { ModelFacts } from './model-facts.ts';

/** What the routes of `/api/v1` work with. */
export interface ApiDeps {
  /** The configuration as it is now. */
  readonly config: () => MusterConfig;
  /** On a fail-fast connection: a caller waits for every answer. */
  readonly ledger: Ledger;
  /** Lists, searches and sums. */
  readonly readModel: ReadModel;
  /** The organization's figures, read at most once a second however many ask. */
  readonly readSnapshot: () => Promise<CachedRead<Snapshot>>;
  /** What only the read model knows of the first pages, read at most every few seconds however many look. */
  readonly readModelFacts: () => Promise<CachedRead<ModelFacts>>;
  readonly feed: ChangeFeed;
  readonly auditView: AuditView;
  readonly auditSelections: AuditSelections;
  /** When a changed configuration was last taken up; null since the start. */
  readonly takenUpAtMs: () => number | null;
  /** What Redis says of itself. Throws `ledger.unavailable`. */
  readonly readServerInfo: () => Promise<ServerInfo>;
  readonly countQueues: JobQueue['counts'];
  /** Null while Redis answers and its settings are right; else why not. Answers within about a second. */
  readonly whyNotReady: () => Promise<string | null>;
  /** Cleans every text of an answer. */
  readonly redact: Redact;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the API is given; it makes the rest itself. */
export type ApiSources = Omit<ApiDeps, 'feed' | 'readModelFacts' | 'auditView' | 'auditSelections'>;
