import { createRedactor, type Redact } from '../runtime/redaction.ts';
import type { MusterConfig } from './model.ts';
import { secretsOf } from './secrets.ts';

/** Takes the secrets of a running process out of text. */
export interface ConfigRedactor {
  readonly redact: Redact;
  /** Takes out the secrets of a configuration that is taken up, too. Those of before stay secret: outputs and errors still hold them. */
  readonly learn: (config: MusterConfig) => void;
}

/** A redactor of a process that may take up other configurations while it runs. */
export function createConfigRedactor(config: MusterConfig): ConfigRedactor {
  const known = new Map(secretsOf(config).map((secret) => [secret.reveal(), secret]));
  let redact = createRedactor([...known.values()]);
  return {
    redact: (text, most) => redact(text, most),
    learn(next) {
      const before = known.size;
      for (const secret of secretsOf(next)) known.set(secret.reveal(), secret);
      if (known.size > before) redact = createRedactor([...known.values()]);
    },
  };
}
