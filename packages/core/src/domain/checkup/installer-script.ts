/** What the proxy answered when it was asked for an installer. */
export interface InstallerAnswer {
  readonly httpStatus: number;
  /** Empty when the answer names none. */
  readonly contentType: string;
  /** The whole script, or as much as was read. */
  readonly text: string;
  readonly bytes: number;
}

export type ScriptJudgment =
  | { readonly kind: 'sane'; readonly detail: string }
  /** bash would run it, but it does not say that it is for a shell. */
  | { readonly kind: 'doubtful'; readonly detail: string }
  | { readonly kind: 'missing'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string }
  | { readonly kind: 'not-a-script'; readonly detail: string };

/** Far below any real installer (Teleport's default has about 2 kB) and above an empty page. */
const SMALLEST_BYTES = 40;
const LARGEST_BYTES = 1_048_576;

/**
 * Whether hosts can be told to run it. Anything that a proxy, a login page or a load balancer would say instead of a
 * script is recognized by how it begins; whether the script works only a host can tell.
 */
export function judgeInstallerScript(answer: InstallerAnswer): ScriptJudgment {
  const { httpStatus, contentType, text, bytes } = answer;
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
  const shebang = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(text);
  if (shebang === null) return { kind: 'doubtful', detail: 'it does not begin with "#!" and a shell' };
  const program = (shebang[1]?.endsWith('/env') === true ? shebang[2] : shebang[1]) ?? '';
  if (!/(^|\/)(ba|da|z|k)?sh$/.test(program)) {
    return notAScript(`it is for "${program.slice(0, 40)}", which is no shell`);
  }
  return { kind: 'sane', detail: `a script for ${program} of ${bytes} bytes` };
}
