import { createConfigRedactor } from '@muster/core/config/config-redactor';
import type { MusterConfig } from '@muster/core/config/model';
import type { ConfigReload } from '@muster/core/config/reload';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Redact } from '@muster/core/runtime/redaction';

/** The configuration that a scheduler goes by: the one it began with, or what it has taken up since. */
export interface RunningConfig {
  readonly current: () => MusterConfig;
  /** When it was taken up, epoch ms; null for the one that the scheduler began with. */
  readonly takenUpAtMs: () => number | null;
  /** Takes the secrets of all of them out of text. */
  readonly redact: Redact;
  /** @returns whether another configuration is in force now */
  takeUp(reload: ConfigReload): boolean;
}

export function createRunningConfig(config: MusterConfig, clock: Pick<Clock, 'now'>): RunningConfig {
  const { redact, learn } = createConfigRedactor(config);
  let current = config;
  let takenUpAtMs: number | null = null;
  return {
    current: () => current,
    takenUpAtMs: () => takenUpAtMs,
    redact,
    takeUp(reload) {
      learn(reload);
      if (reload.kind !== 'valid' || reload.config === null) return false;
      current = reload.config;
      takenUpAtMs = clock.now();
      return true;
    },
  };
}
