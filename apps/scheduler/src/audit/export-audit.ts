import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import type { Clock } from '@muster/core/runtime/clock-port';
import { messageOf } from '@muster/core/runtime/errors';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createAuditFile, type Exported } from './audit-file.ts';

/** Another scheduler writes the export this long after the last one was killed. Real time. */
const LEASE_MS = 15_000;
/** Entries written at once, and between two looks at the lease. */
const PAGE = 200;
/** What a tick writes at most, so that work that is due does not wait for a backlog. */
const PAGES_PER_TICK = 10;
/** After a failure the others may try first. */
const RETRY_MS = 30_000;
/** Days are looked through for files that are over this often. */
const EXPIRE_MS = 3_600_000;

/**
 * Writes the audit's entries out, to a file and to the log, one scheduler at a time. How far it has come is noted after the
 * disk has the lines; a scheduler that takes over looks at the file's last line first. So a kill leaves no gap and, in one
 * file, no entry twice.
 *
 * @returns what each tick calls; it never throws for a file that cannot be written, but raises a finding
 */
export function createAuditExport({
  ledger,
  clock,
  log,
  holder,
}: {
  readonly ledger: Pick<Ledger, 'audit' | 'control'>;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly log: Logger;
  /** Names this process; no other has the same. */
  readonly holder: string;
}): (settings: MusterConfig['audit']) => Promise<void> {
  /** The base name of which this process has looked at the last line, while it has the lease. */
  let seen: string | null = null;
  let lastHash: string | null = null;
  let expiredAtMs = Number.NEGATIVE_INFINITY;
  let isFailing = false;
  let failedAtMs = Number.NEGATIVE_INFINITY;

  async function writeOut(settings: MusterConfig['audit'], exported: string): Promise<void> {
    const file = settings.file === null ? null : createAuditFile(settings.file);
    if (file !== null && seen !== settings.file) {
      lastHash = await file.lastHash();
      seen = settings.file;
    }
    let afterId = exported;
    for (let pages = 0; pages < PAGES_PER_TICK; pages += 1) {
      const page = await ledger.audit.after(afterId, PAGE);
      const last = page.at(-1);
      if (last === undefined) break;
      const entries = page.flatMap(({ entry, sealed }) => (entry === null ? [] : [{ entry, sealed }]));
      if (file !== null) await file.append(after(entries, lastHash));
      lastHash = null;
      for (const { entry } of settings.log ? entries : []) log.info({ audit: entry }, 'audit');
      if (!(await ledger.audit.noteExported(holder, LEASE_MS, last.id))) {
        seen = null;
        return;
      }
      afterId = last.id;
      if (page.length < PAGE) break;
    }
    if (file === null || clock.monotonicMs() - expiredAtMs < EXPIRE_MS) return;
    expiredAtMs = clock.monotonicMs();
    const expired = await file.expire(clock.now(), settings.keepDays);
    if (expired.length > 0) log.info({ files: expired }, 'audit files were kept for long enough');
  }

  return async (settings) => {
    if (settings.file === null && !settings.log) return;
    if (clock.monotonicMs() - failedAtMs < RETRY_MS) return;
    const exported = await ledger.audit.holdWriter(holder, LEASE_MS);
    if (exported === null) {
      seen = null;
      return;
    }
    try {
      await writeOut(settings, exported);
      if (isFailing) log.info({}, 'audit is exported again');
      isFailing = false;
      // Each time: the scheduler that raised it may be gone.
      await ledger.control.clear('audit-not-exported', 'all');
    } catch (err) {
      seen = null;
      if (!isFailing) log.error({ err }, 'audit not exported');
      isFailing = true;
      failedAtMs = clock.monotonicMs();
      await ledger.audit.leaveWriter(holder);
      await ledger.control.raise(findingOfFailure(settings.file, err, clock.now()));
    }
  };
}

/** Entries behind the one with this hash, where that is among them: a scheduler was killed before it noted them. */
function after(entries: readonly Exported[], hash: string | null): readonly Exported[] {
  return entries.slice(entries.findIndex(({ sealed }) => sealed.hash === hash) + 1);
}

function findingOfFailure(
  file: string | null,
  error: unknown,
  nowMs: number,
): Parameters<Ledger['control']['raise']>[0] {
  return {
    kind: 'audit-not-exported',
    scope: 'all',
    sinceMs: nowMs,
    message: `The audit is not written to ${file ?? 'the log'}: ${messageOf(error)}. Redis keeps its newest 50,000 entries meanwhile.`,
    remedy:
      'Where the schedulers run, see to it that the folder of muster.audit.file is there, has room, and may be written to. What was not exported follows by itself.',
  };
}
