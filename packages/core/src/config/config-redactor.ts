import { createRedactor, type Redact } from '../runtime/redaction.ts';
import type { MusterConfig } from './model.ts';
import type { ConfigReload } from './reload.ts';
import type { Secret } from './secret.ts';
import { otherSecretsOf, redisPasswordsOf } from './secrets.ts';

/** Takes the secrets of a running process out of text. */
export interface ConfigRedactor {
  readonly redact: Redact;
  /**
   * Takes out the secrets of a configuration that is taken up, too. Those of before stay secret: outputs and errors still hold
   * them. Of Redis's passwords that are the last few.
   */
  readonly learn: (reload: ConfigReload) => void;
}

/** One that is a token is another every few minutes, and each that is kept makes every line of the log cost more. */
const REDIS_PASSWORDS_KEPT = 8;

/** A redactor of a process that may take up other configurations while it runs. */
export function createConfigRedactor(config: MusterConfig): ConfigRedactor {
  const others = new Map<string, Secret>();
  /** The newest is the last. */
  const passwords = new Map<string, Secret>();
  const add = (next: MusterConfig): Redact => {
    for (const secret of otherSecretsOf(next)) others.set(secret.reveal(), secret);
    for (const secret of redisPasswordsOf(next)) {
      passwords.delete(secret.reveal());
      passwords.set(secret.reveal(), secret);
    }
    for (const oldest of [...passwords.keys()].slice(0, -REDIS_PASSWORDS_KEPT)) passwords.delete(oldest);
    return createRedactor([...others.values(), ...passwords.values()]);
  };
  let redact = add(config);
  return {
    redact: (text, most) => redact(text, most),
    learn(reload) {
      if (reload.kind !== 'invalid' && reload.config !== null) redact = add(reload.config);
    },
  };
}
