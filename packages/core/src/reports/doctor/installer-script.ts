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
