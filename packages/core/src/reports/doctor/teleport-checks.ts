import type { AccountId } from '../../organization/ids.ts';

/** What the proxy answered when it was asked for an installer. */
export interface InstallerAnswer {
  readonly httpStatus: number;
  /** Empty when the answer names none. */
  readonly contentType: string;
  /** The whole script, or as much as was read. */
  readonly text: string;
  readonly bytes: number;
  /** Of the bytes, in lower-case hexadecimal digits. */
  readonly sha256: string;
}

export type ScriptJudgment =
  | { readonly kind: 'sane'; readonly detail: string }
  /** bash would run it, but it does not say that it is for a shell. */
  | { readonly kind: 'doubtful'; readonly detail: string }
  /** A script, and not the one that the configuration names by its SHA-256. */
  | { readonly kind: 'changed'; readonly detail: string }
  | { readonly kind: 'missing'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string }
  | { readonly kind: 'not-a-script'; readonly detail: string };

/** Far below any real installer (Teleport's default has about 2 kB) and above an empty page. */
const SMALLEST_BYTES = 40;
const LARGEST_BYTES = 1_048_576;

/**
 * Whether hosts can be told to run it. Anything that a proxy, a login page or a load balancer would say instead of a
 * script is recognized by how it begins; whether the script works only a host can tell.
 *
 * @param pin the SHA-256 that hosts compare with; null when they do not
 */
export function judgeInstallerScript(answer: InstallerAnswer, pin: string | null): ScriptJudgment {
  const { httpStatus, contentType, text, bytes, sha256 } = answer;
  if (httpStatus === 404) return { kind: 'missing', detail: 'the proxy answered 404' };
  if (httpStatus !== 200) return { kind: 'unreachable', detail: `the proxy answered ${httpStatus}` };
  const begin = text.trimStart();
  const notAScript = (detail: string): ScriptJudgment => ({ kind: 'not-a-script', detail });
  if (begin === '') return notAScript('the answer is empty');
  if (contentType.includes('text/html') || /^<(!doctype|html|\?xml|head|body)/i.test(begin)) {
    return notAScript('the answer is a web page');
  }
  if (begin.startsWith('{') || begin.startsWith('[')) return notAScript('the answer is JSON');
  if (bytes < SMALLEST_BYTES) return notAScript(`the answer has only ${bytes} bytes`);
  if (bytes > LARGEST_BYTES) return notAScript('the answer is larger than a megabyte');
  if (pin !== null && pin !== sha256) {
    return { kind: 'changed', detail: `it has the SHA-256 ${sha256}, and ${pin} is configured` };
  }
  const shebang = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(text);
  if (shebang === null) return { kind: 'doubtful', detail: 'it does not begin with "#!" and a shell' };
  const program = (shebang[1]?.endsWith('/env') === true ? shebang[2] : shebang[1]) ?? '';
  if (!/(^|\/)(ba|da|z|k)?sh$/.test(program)) {
    return notAScript(`it is for "${program.slice(0, 40)}", which is no shell`);
  }
  return { kind: 'sane', detail: `a script for ${program} of ${bytes} bytes, SHA-256 ${sha256}` };
}

/** What a join token says about itself: `kind: token` of Teleport, as far as hosts that join by IAM depend on it. */
export interface JoinToken {
  readonly name: string;
  readonly joinMethod: string;
  /** What may join with it; hosts join as `Node`. */
  readonly roles: readonly string[];
  /** Epoch milliseconds; null when it does not expire. */
  readonly expiresAtMs: number | null;
  readonly allow: readonly JoinTokenRule[];
}

/** One allow rule; null where it does not ask for that. */
export interface JoinTokenRule {
  readonly organizationId: string | null;
  readonly accountId: string | null;
}

/** Whose hosts are to join with a token: an organization's or one account's. Null: it is unknown which. */
export interface TokenUse {
  readonly organizationId: string | null;
  readonly accountId: AccountId | null;
}

/**
 * Why hosts of these uses cannot join with the token; null when nothing speaks against it. Of an organization's hosts a
 * token that lists accounts is taken at its word: `muster token` keeps such a list in step.
 */
export function faultOfToken(token: JoinToken, uses: readonly TokenUse[], nowMs: number): string | null {
  if (token.joinMethod !== 'iam') return `has the join method ${token.joinMethod}; hosts join by iam`;
  if (!token.roles.includes('Node')) {
    return `admits ${token.roles.join(', ') || 'nothing'}; hosts join as Node`;
  }
  if (token.expiresAtMs !== null && token.expiresAtMs <= nowMs) {
    return `expired at ${new Date(token.expiresAtMs).toISOString()}`;
  }
  const missed = uses.find((use) => !token.allow.some((rule) => admits(rule, use)));
  if (missed === undefined) return null;
  if (missed.organizationId !== null) {
    return `allows neither the organization ${missed.organizationId} nor accounts`;
  }
  return missed.accountId === null ? 'allows no host' : `does not allow the account ${missed.accountId}`;
}

function admits(rule: JoinTokenRule, use: TokenUse): boolean {
  if (use.organizationId !== null) {
    return rule.organizationId === null || rule.organizationId === use.organizationId;
  }
  return rule.accountId === null || use.accountId === null || rule.accountId === use.accountId;
}
