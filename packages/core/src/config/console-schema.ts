import { z } from 'zod';
import { ROLES } from '../control/access/role.ts';
import { duration, oneOf, refused, text, textList } from './value-shapes.ts';

const MINUTE = 60 * 1000;

function roles(example: string): z.ZodType<Readonly<Record<string, (typeof ROLES)[number]>>> {
  return z
    .record(z.string(), oneOf(...ROLES))
    .prefault({})
    .describe(
      `Group → role: \`viewer\`, \`operator\` or \`admin\`, such as \`${example}\`. Of several the highest counts; \`"*"\` is every user that comes this way. A user without a role is not let in.`,
    );
}

/** `muster.console`: where the console listens, and who may come in. */
export const ConsoleShape = z.strictObject({
  listen: text()
    .prefault('127.0.0.1:8080')
    .describe('`host:port` of console, API and metrics of the scheduler. Port `0`: any free one.'),
  public_url: text()
    .optional()
    .describe(
      'Where browsers open the console when that is not `listen`: `https://muster.example.com`, of the proxy in front of it. With `https` cookies travel by TLS only.',
    ),
  proxies: textList()
    .prefault([])
    .describe(
      'Addresses or networks (`10.0.0.0/8`) of reverse proxies in front of the console. Muster takes the visitor’s address from their `X-Forwarded-For`; without them all visitors share the proxy’s, also when passwords are guessed.',
    ),
  tls: z
    .strictObject({
      cert_file: text()
        .optional()
        .describe('PEM file with the certificate and those between it and its root.'),
      key_file: text()
        .optional()
        .describe('PEM file with its private key. Both files are read again when they change.'),
    })
    .optional()
    .describe(
      'The console speaks HTTPS by itself. Without it, put a proxy in front of it, or stay on loopback.',
    ),
  users_file: text()
    .optional()
    .describe(
      'File with the users of the console, relative to the folder of this file: `NAME:ROLE:HASH` a line. `muster user add NAME` writes it. Read again when it changes.',
    ),
  oidc: z
    .strictObject({
      issuer: text()
        .optional()
        .describe('Required: URL of the OpenID Connect provider, as its discovery document has it.'),
      client_id: text().optional().describe('Required: Muster’s id at the provider.'),
      client_secret_file: text()
        .optional()
        .describe(
          'File with Muster’s secret at the provider. Without it Muster is a public client, by PKCE alone.',
        ),
      redirect_url: text()
        .optional()
        .describe('What is registered at the provider. Default `public_url` and `/auth/oidc/callback`.'),
      label: text()
        .optional()
        .describe('What the page writes on the button: “Sign in with …”. Default the issuer’s host.'),
      scopes: textList()
        .prefault(['openid', 'profile', 'email'])
        .describe('What Muster asks the provider for. Many need one more for groups, such as `groups`.'),
      groups_claim: text()
        .prefault('groups')
        .describe('The claim of the ID token, or of the provider’s user info, that lists the user’s groups.'),
      name_claim: text()
        .prefault('email')
        .describe('The claim that the user is called by in the audit. Where it is missing: `sub`.'),
      roles: roles('{sre: operator, "*": viewer}'),
    })
    .optional()
    .describe('Single sign-on by OpenID Connect: authorization code with PKCE.'),
  trusted_proxy: z
    .strictObject({
      header: text().prefault('x-forwarded-user').describe('Header with the user’s name.'),
      groups_header: text()
        .optional()
        .describe('Header with the user’s groups, separated by commas. Without it only `"*"` has a role.'),
      secret_header: text()
        .prefault('x-muster-proxy-secret')
        .describe(
          'Header in which the proxy sends the shared secret. A request without it is not the proxy’s.',
        ),
      secret_file: text()
        .optional()
        .describe('Required: file with the shared secret, at least 16 characters.'),
      roles: roles('{admins: admin, "*": viewer}'),
    })
    .optional()
    .describe(
      'A proxy that signs users in, such as an identity-aware one, says who they are. It must remove these headers from what visitors send.',
    ),
  session: z
    .strictObject({
      idle: duration(MINUTE)
        .prefault('30m')
        .describe(
          'A signed-in browser whose user does nothing in it for this long must sign in again. What an open page asks by itself does not count.',
        ),
      longest: duration(MINUTE)
        .prefault('12h')
        .describe('A signed-in browser must sign in again after this, whatever it does.'),
    })
    .prefault({}),
  password: refused(
    'a password does not belong into this file: put it into a file of its own (password_file), or into MUSTER_CONSOLE_PASSWORD',
  )
    .optional()
    .describe('Refused: use `users_file`, `password_file`, or `MUSTER_CONSOLE_PASSWORD`.'),
  password_file: text()
    .optional()
    .describe(
      'File with one password for all, relative to the folder of this file: its holders may look, by HTTP Basic with any user name, and on the page. For people who act, use `users_file` or `oidc`. The environment variable `MUSTER_CONSOLE_PASSWORD` wins.',
    ),
});
export type ConsoleShape = z.infer<typeof ConsoleShape>;
