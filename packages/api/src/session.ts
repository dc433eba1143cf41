/** Who the caller is, and how to sign in. */
import { z } from 'zod';

export const Role = z.enum(['viewer', 'operator', 'admin']);
export type Role = z.infer<typeof Role>;

/** `GET /auth/session`. */
export const Session = z.object({
  /** Null for one who may not even look: the page shows the sign-in. */
  principal: z
    .object({
      name: z.string(),
      kind: z.enum(['user', 'oidc', 'token', 'proxy', 'link', 'loopback']),
      role: Role,
    })
    .nullable(),
  /** To be sent as `X-CSRF-Token` with every request that changes something; null without a cookie session. */
  csrf: z.string().nullable(),
  signIn: z.object({
    /** A form with name and password. */
    password: z.boolean(),
    /** The name on the button of single sign-on; null without. */
    oidc: z.string().nullable(),
    /** Whether `muster console login` prints links. */
    link: z.boolean(),
  }),
});
export type Session = z.infer<typeof Session>;

/** `POST /auth/login`; answered with a `Session`. */
export const Login = z.strictObject({ name: z.string().max(200), password: z.string().max(1_000) });
export type Login = z.infer<typeof Login>;
