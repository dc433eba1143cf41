import { isUtf8 } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import type { ConsoleSettings } from '@muster/core/config/model';
import { roleOfGroups } from '@muster/core/control/access/role';
import { hashOfSecret } from '@muster/core/runtime/secret-token';
import { beginOfText } from '@muster/core/runtime/wording';
import type { Identifier } from './identify.ts';
import type { SignInJournal } from './sign-in-journal.ts';

const LONGEST_NAME = 200;

/** By what a proxy says that has signed the user in, and that proves itself by the shared secret. */
export function byTrustedProxy(deps: {
  readonly settings: () => ConsoleSettings;
  readonly journal: SignInJournal;
}): Identifier {
  return async (request) => {
    const { trustedProxy: proxy } = deps.settings();
    if (proxy === null) return null;
    const secret = headerOf(request, proxy.secretHeader);
    // Without the secret it is no request of the proxy; whatever name stands in it is the visitor's own word.
    if (secret === null) return null;
    if (
      !timingSafeEqual(Buffer.from(hashOfSecret(secret)), Buffer.from(hashOfSecret(proxy.secret.reveal())))
    ) {
      // What stands in X-Forwarded-For is the visitor's own word, too.
      await deps.journal.unknownSecret(
        request.ip ?? '',
        `a wrong secret in the header ${proxy.secretHeader}`,
      );
      return { kind: 'refused', status: 401, detail: 'The secret of the proxy is wrong.' };
    }
    const whole = headerOf(request, proxy.header);
    if (whole === null) return null;
    const name = beginOfText(whole, LONGEST_NAME);
    const groups =
      proxy.groupsHeader === null ? [] : (headerOf(request, proxy.groupsHeader) ?? '').split(',');
    const role = roleOfGroups(
      proxy.roles,
      groups.map((group) => group.trim()).filter((group) => group !== ''),
    );
    if (role === null) {
      return {
        kind: 'refused',
        status: 403,
        detail: `No group of ${name} has a role in muster.console.trusted_proxy.roles.`,
      };
    }
    // The proxy knows the browser by a cookie of its own, which comes along with another site's request, too.
    const csrfToken = hashOfSecret(`csrf ${proxy.secret.reveal()} ${name}`);
    return { kind: 'known', csrfToken, principal: { name, kind: 'proxy', role, ip: addressOf(request) } };
  };
}

/** The proxy's own entry is the last one; what stands before it, the visitor may have written. */
function addressOf(request: Request): string {
  const entries = (headerOf(request, 'x-forwarded-for') ?? '').split(',');
  return entries.at(-1)?.trim() || (request.ip ?? '');
}

/** Null without it, and where it is empty or there are several. Never cut: the begin of a group's name may be another group's. */
function headerOf(request: Request, name: string): string | null {
  const values = request.headersDistinct[name] ?? [];
  const [value = ''] = values;
  return values.length === 1 && value !== '' ? asWritten(value) : null;
}

/** Node reads the bytes of a header as Latin-1; proxies write names in UTF-8. */
function asWritten(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}
