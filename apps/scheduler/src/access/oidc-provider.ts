import type * as Library from 'openid-client';
import type { OidcSettings } from '@muster/core/config/model';
import { type Role, roleOfGroups } from '@muster/core/control/access/role';
import { hashOfSecret } from '@muster/core/runtime/secret-token';

/** What a sign-in at the provider is checked by when the browser comes back. */
export interface Started {
  /** Where the browser goes now. */
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** The OpenID Connect provider: authorization code with PKCE, by openid-client. */
export interface Provider {
  start(): Promise<Started>;
  /**
   * Redeems the code that the browser brought. Rejects where anything of it is not right.
   *
   * @param query of the way back, with its `?`
   * @returns whom it signed in
   */
  finish(query: string, started: Omit<Started, 'url'>): Promise<SignedIn>;
}

interface SignedIn {
  readonly name: string;
  /** Null: no group of the user has one. */
  readonly role: Role | null;
  /** The provider names the claim of the groups and does not tell it, as Entra ID does above 200 groups. */
  readonly areGroupsLeftOut: boolean;
}

/** Loaded with the first sign-in: most schedulers have none. */
const load = (): Promise<typeof Library> => import('openid-client');

/** A provider that does not answer within this is away. */
const TIMEOUT_SECONDS = 10;
/** The provider's endpoints and keys are asked for again after this. */
const DISCOVERED_MS = 60 * 60_000;

/** A provider that could not be used is asked again after this. */
const FAILED_MS = 5_000;

/** One asking of a provider, under way or answered. */
interface Discovery {
  /** What it was asked for. */
  readonly of: string;
  readonly config: Promise<Library.Configuration>;
  untilMs: number;
}

async function ask({ issuer: text, clientId, clientSecret }: OidcSettings): Promise<Library.Configuration> {
  const oidc = await load();
  const issuer = new URL(text);
  return oidc.discovery(
    issuer,
    clientId,
    clientSecret?.reveal(),
    clientSecret === null ? oidc.None() : undefined,
    {
      timeout: TIMEOUT_SECONDS,
      // The configuration allows plain HTTP on loopback only.
      execute: issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : [],
    },
  );
}

/** @param settings asked at every sign-in: a reload may name another provider */
export function createProvider(settings: () => OidcSettings, clock: { monotonicMs(): number }): Provider {
  let last: Discovery | null = null;

  /** Those who ask while the provider is asked wait for the same answer; nothing that visitors do asks it more often. */
  async function discover(): Promise<Library.Configuration> {
    const now = settings();
    const of = hashOfSecret(JSON.stringify([now.issuer, now.clientId, now.clientSecret?.reveal() ?? null]));
    if (last?.of === of && clock.monotonicMs() < last.untilMs) return last.config;
    const discovery: Discovery = { of, untilMs: Number.POSITIVE_INFINITY, config: ask(now) };
    last = discovery;
    try {
      const config = await discovery.config;
      discovery.untilMs = clock.monotonicMs() + DISCOVERED_MS;
      return config;
    } catch (error) {
      discovery.untilMs = clock.monotonicMs() + FAILED_MS;
      throw error;
    }
  }

  return {
    async start() {
      const oidc = await load();
      const config = await discover();
      const { redirectUrl, scopes } = settings();
      const [state, nonce, verifier] = [
        oidc.randomState(),
        oidc.randomNonce(),
        oidc.randomPKCECodeVerifier(),
      ];
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUrl,
        scope: scopes.join(' '),
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      return { url, state, nonce, verifier };
    },

    async finish(query, { state, nonce, verifier }) {
      const oidc = await load();
      const config = await discover();
      const { redirectUrl, groupsClaim, nameClaim, roles } = settings();
      // The path as the provider knows it, whatever a proxy in front has made of it.
      const tokens = await oidc.authorizationCodeGrant(config, new URL(query, redirectUrl), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = { ...tokens.claims() };
      const subject = String(claims['sub']);
      // Many providers put groups and the address into the user info alone.
      const isThin = claims[groupsClaim] === undefined || claims[nameClaim] === undefined;
      const isAskable = config.serverMetadata().userinfo_endpoint !== undefined;
      if (isThin && isAskable) {
        Object.assign(claims, await oidc.fetchUserInfo(config, tokens.access_token, subject));
      }
      return {
        name: nameOf(claims, nameClaim, subject),
        role: roleOfGroups(roles, textsOf(claims[groupsClaim])),
        areGroupsLeftOut: claims[groupsClaim] === undefined && namesElsewhere(claims, groupsClaim),
      };
    },
  };
}

/** An address that the provider has not verified may be another person's: the subject stands for the user then. */
function nameOf(claims: Readonly<Record<string, unknown>>, nameClaim: string, subject: string): string {
  const name = claims[nameClaim];
  const isUnverified = nameClaim === 'email' && claims['email_verified'] === false;
  return typeof name === 'string' && name !== '' && !isUnverified
    ? name.slice(0, 200)
    : subject.slice(0, 200);
}

/** Distributed claims: https://openid.net/specs/openid-connect-core-1_0.html#AggregatedDistributedClaims */
function namesElsewhere(claims: Readonly<Record<string, unknown>>, name: string): boolean {
  const names = claims['_claim_names'];
  return typeof names === 'object' && names !== null && Object.hasOwn(names, name);
}

function textsOf(claim: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return list.filter((one) => typeof one === 'string');
}
