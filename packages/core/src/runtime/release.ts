import manifest from '../../package.json' with { type: 'json' };
import { LEDGER_READABLE_FROM, LEDGER_SCHEMA } from '../control/installation.ts';

/** What runs, as `muster version` and the list of processes show it. */
export interface Release {
  readonly release: string;
  /** Null where neither the build nor the environment says it (`MUSTER_COMMIT`). */
  readonly commit: string | null;
  /** See `LEDGER_SCHEMA`. */
  readonly schema: number;
  /** See `LEDGER_READABLE_FROM`. */
  readonly readableFrom: number;
  /** Version of Node, with its `v`. */
  readonly node: string;
}

/** The release of this process. */
export function thisRelease(): Release {
  const commit = process.env['MUSTER_COMMIT'] ?? '';
  return {
    release: manifest.version,
    commit: commit === '' ? null : commit,
    schema: LEDGER_SCHEMA,
    readableFrom: LEDGER_READABLE_FROM,
    node: process.version,
  };
}
