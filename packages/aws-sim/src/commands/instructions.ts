import {
  type DocumentStep,
  type ParameterValues,
  type SsmDocument,
  inputText,
  interpolate,
} from './documents.ts';
import { type Download, findInstallerCall, type InstallerCall } from './installer-call.ts';

/** What a document with these parameters makes a host do, read once for all hosts of a command. */
export interface Instructions {
  /** The step that runs something on this platform: where results and failures show. */
  readonly runStep: number;
  readonly call: InstallerCall | null;
  /** Exit codes of preflight checks that the text can end with itself. */
  readonly preflightCodes: ReadonlySet<number>;
  /** What the downloaded script must hash to, and how the command ends when it does not; null when nothing is compared. */
  readonly pin: { readonly sha256: string; readonly exitCode: number } | null;
}

/** Reads a document as a host of a platform would. */
export function readInstructions(
  document: SsmDocument,
  values: ParameterValues,
  platformType: string,
): Instructions {
  const downloads = new Map<string, Download>();
  let runStep = -1;
  let text = '';
  for (const [index, step] of document.steps.entries()) {
    if (step.platform !== null && step.platform !== platformType) continue;
    if (step.action === 'aws:downloadContent') {
      const download = readDownloadStep(step, values);
      if (download !== null) downloads.set(download.file, { url: download.url, failsOnHttpError: true });
    } else if (step.action === 'aws:runShellScript' || step.action === 'aws:runPowerShellScript') {
      runStep = index;
      text = interpolate(linesOf(step.inputs['runCommand']), values);
    }
  }
  const preflightCodes = new Set<number>();
  for (const match of text.matchAll(/\b(10[0-4]|12[02])\b/gu)) preflightCodes.add(Number(match[1]));
  return { runStep, call: findInstallerCall(text, downloads), preflightCodes, pin: readPin(text) };
}

/** A line that hashes with sha256sum, compares with 64 hexadecimal digits and exits otherwise. */
function readPin(text: string): Instructions['pin'] {
  const line = text.split('\n').find((one) => one.includes('sha256sum')) ?? '';
  const sha256 = /\b[0-9a-f]{64}\b/u.exec(line)?.[0];
  const exitCode = /\bexit (\d+)/u.exec(line)?.[1];
  return sha256 === undefined || exitCode === undefined ? null : { sha256, exitCode: Number(exitCode) };
}

function readDownloadStep(step: DocumentStep, values: ParameterValues): { url: string; file: string } | null {
  const info = step.inputs['sourceInfo'];
  const text = interpolate(typeof info === 'string' ? info : JSON.stringify(info ?? {}), values);
  let url: unknown;
  try {
    url = (JSON.parse(text) as { url?: unknown }).url;
  } catch {
    return null;
  }
  const file = interpolate(inputText(step, 'destinationPath') ?? '', values);
  return typeof url === 'string' ? { url, file } : null;
}

/** `runCommand` is a list of lines, or one parameter that stands for them. */
function linesOf(value: unknown): string {
  const lines: unknown[] = Array.isArray(value) ? value : [value];
  return lines.filter((line) => typeof line === 'string').join('\n');
}
