import type { Finding, FindingKind } from '../control/control.ts';
import type { MusterConfig } from './model.ts';

/** What a running process is told of its configuration. */
export type ConfigReload =
  /** To be taken up now; null when the file is back at what the process runs with. */
  | { readonly kind: 'valid'; readonly config: MusterConfig | null; readonly restart: readonly string[] }
  /** The last good one goes on. `faults`: what is wrong, one per line. */
  | { readonly kind: 'invalid'; readonly faults: string };

/** The outcome of a reload, in one word. */
export function resultOfReload(reload: ConfigReload): 'taken-up' | 'needs-restart' | 'refused' {
  if (reload.kind === 'invalid') return 'refused';
  return reload.config === null && reload.restart.length > 0 ? 'needs-restart' : 'taken-up';
}

/** Faults that a finding repeats; the log has them all. */
const FAULTS_SHOWN = 5;

/** The finding that a reload leaves, and the kinds that it ends. */
export function findingOfReload(
  reload: ConfigReload,
  nowMs: number,
): { readonly raise: Finding | null; readonly clear: readonly FindingKind[] } {
  const base = { scope: 'all', sinceMs: nowMs };
  if (reload.kind === 'invalid') {
    const faults = reload.faults.split('\n');
    const more = faults.length > FAULTS_SHOWN ? ` and ${faults.length - FAULTS_SHOWN} more` : '';
    return {
      raise: {
        ...base,
        kind: 'config-invalid',
        message: `The configuration was changed and is not valid; the last good one goes on: ${faults.slice(0, FAULTS_SHOWN).join('; ')}${more}`,
        remedy: 'Fix the file: muster config check names every fault. It is taken up by itself then.',
      },
      clear: [],
    };
  }
  if (reload.restart.length === 0) {
    return { raise: null, clear: ['config-invalid', 'config-restart-needed'] };
  }
  const rest = reload.config === null ? 'none of the change has been taken up' : 'the rest has been taken up';
  return {
    raise: {
      ...base,
      kind: 'config-restart-needed',
      message: `The configuration was changed in what cannot change while Muster runs (${reload.restart.join(', ')}); ${rest}.`,
      remedy: 'Restart schedulers and workers.',
    },
    clear: ['config-invalid'],
  };
}
