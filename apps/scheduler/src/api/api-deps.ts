import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { Redact } from '@muster/core/runtime/redaction';
import type { Reading } from '../console/cached-read.ts';
import type { Snapshot } from '../console/console-view.ts';

/** What the routes of `/api/v1` work with. */
export interface ApiDeps {
  /** The configuration as it is now. */
  readonly config: () => MusterConfig;
  /** On a fail-fast connection: a caller waits for every answer. */
  readonly ledger: Ledger;
  /** The organization's figures, read at most once a second however many ask. */
  readonly readSnapshot: () => Promise<Reading<Snapshot>>;
  /** Null while Redis answers and its settings are right; else why not. Answers within about a second. */
  readonly whyNotReady: () => Promise<string | null>;
  /** Cleans every text of an answer. */
  readonly redact: Redact;
  readonly clock: Clock;
  readonly log: Logger;
}
