import type { Session } from '@muster/api/session';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactElement, useState } from 'react';
import { send } from '../api/client.ts';
import { problemOf } from '../api/problem.ts';
import './sign-in.css';

/** For one who may not look yet: every way in that the configuration has. */
export function SignIn({ session }: { readonly session: Session }): ReactElement {
  const { password, oidc, link } = session.signIn;
  return (
    <main className="sign-in">
      <section className="card sign-in__card">
        <h1 className="sign-in__title">
          <img src="/icon.svg" alt="" width="30" height="30" />
          Sign in to Muster
        </h1>
        {oidc === null ? null : (
          <a className="button button--main" href={`/auth/oidc/start?next=${encodeURIComponent(here())}`}>
            Sign in with {oidc}
          </a>
        )}
        {oidc !== null && password ? <p className="sign-in__or quiet">or</p> : null}
        {password ? <PasswordForm /> : null}
        {link ? (
          <p className="quiet small">
            On the machine where the scheduler runs, <code>muster console login</code> prints a link that
            signs this browser in.
          </p>
        ) : null}
      </section>
    </main>
  );
}

/** The page that was asked for, as a local path. */
function here(): string {
  return window.location.pathname + window.location.search;
}

function PasswordForm(): ReactElement {
  const client = useQueryClient();
  const [fault, setFault] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function signIn(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFault(null);
    try {
      await send('POST', '/auth/login', { name: form.get('name'), password: form.get('password') });
      // All that was asked for without a session is asked again with it.
      await client.resetQueries();
    } catch (error) {
      setFault(problemOf(error)?.detail ?? 'Signing in failed.');
    } finally {
      setBusy(false);
    }
  }

  return (
    <form
      className="sign-in__form"
      onSubmit={(event) => {
        void signIn(event);
      }}
    >
      <div className="field">
        <label htmlFor="sign-in-name">Name</label>
        <input id="sign-in-name" name="name" className="input" autoComplete="username" required />
      </div>
      <div className="field">
        <label htmlFor="sign-in-password">Password</label>
        <input
          id="sign-in-password"
          name="password"
          type="password"
          className="input"
          autoComplete="current-password"
          required
          aria-describedby={fault === null ? undefined : 'sign-in-fault'}
        />
      </div>
      {fault === null ? null : (
        <p id="sign-in-fault" role="alert" className="tone-bad">
          {fault}
        </p>
      )}
      <button type="submit" className="button button--main" disabled={isBusy}>
        Sign in
      </button>
    </form>
  );
}
