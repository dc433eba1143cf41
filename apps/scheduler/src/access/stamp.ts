import type { ConsoleSettings } from '@muster/core/config/model';
import type { Session } from '@muster/core/control/access/session-store';
import { hashOfSecret } from '@muster/core/runtime/secret-token';

/**
 * What a session rests on in the configuration: of a user, the line of the users file; of single sign-on, the provider and its
 * roles. A session ends when it changes: a removed user, a new password and a lower role are in force at once. Null: nothing
 * lets this session be any longer.
 */
export function stampOf(
  settings: ConsoleSettings,
  { name, kind }: Pick<Session, 'name' | 'kind'>,
): string | null {
  switch (kind) {
    case 'link':
      return '';
    case 'oidc':
      return settings.oidc === null
        ? null
        : digest([settings.oidc.issuer, settings.oidc.clientId, settings.oidc.roles]);
    case 'user': {
      if (name === SHARED_PASSWORD_USER) {
        return settings.password === null ? null : digest([settings.password.reveal()]);
      }
      const user = settings.users?.find((one) => one.name === name);
      return user === undefined ? null : digest([user.name, user.role, user.hash]);
    }
    default:
      return kind satisfies never;
  }
}

/** What the holders of the console's one password are called. No user of a file has this name: it begins with a bracket. */
export const SHARED_PASSWORD_USER = '(password)';

function digest(parts: readonly unknown[]): string {
  return hashOfSecret(JSON.stringify(parts));
}
