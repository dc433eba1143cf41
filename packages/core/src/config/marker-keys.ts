import type { ReadFile } from './console-rules.ts';
import { inEnvironment, type EnvironmentSettings } from './environment.ts';
import type { MusterShape } from './muster-schema.ts';
import type { Findings, Report } from './report.ts';
import { Secret } from './secret.ts';

/** 32 bytes. */
const KEY = /^[0-9a-f]{64}$/;
/** A rotation needs two. Each one more is another comparison for every marker that is none of ours. */
const MOST_KEYS = 10;
const HOW_TO_MAKE_ONE = 'make one with: openssl rand -hex 32';

/** A text of keys, read; `problem` follows the name of where it was found. It never repeats the text. */
type KeyReading =
  | { readonly ok: true; readonly keys: readonly Secret[] }
  | { readonly ok: false; readonly problem: string };

/**
 * The keys of the markers: those of `MUSTER_MARKER_KEY`, else those of the file that `muster.marker_key_file` names. The
 * first one signs, all verify. Empty when neither is there.
 */
export function readMarkerKeys(
  shape: MusterShape,
  environment: Pick<EnvironmentSettings, 'markerKey'>,
  readFile: ReadFile | null,
  findings: Findings,
  report: Report,
): readonly Secret[] {
  if (environment.markerKey !== null) {
    const reading = parseMarkerKeys(environment.markerKey.replaceAll(',', '\n'));
    if (reading.ok) return reading.keys;
    findings.faults.push(inEnvironment('MUSTER_MARKER_KEY', reading.problem));
    return [];
  }
  const path = shape.marker_key_file;
  if (path === undefined) return [];
  const where = ['marker_key_file'];
  const fault = (message: string): readonly Secret[] => {
    report.fault(where, message);
    return [];
  };
  if (path === '') return fault('names no file: remove the key, or name the file with the keys');
  if (readFile === null) return fault('files are not read here');
  const file = readFile(path);
  if (!file.ok) return fault(`the file ${path} ${file.problem}`);
  const reading = parseMarkerKeys(file.text);
  return reading.ok ? reading.keys : fault(`the file ${path} ${reading.problem}`);
}

function parseMarkerKeys(text: string): KeyReading {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = new Set<string>();
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const key = line.toLowerCase();
    if (!KEY.test(key)) {
      return {
        ok: false,
        problem: `has no key in line ${index + 1}: a key is 64 hexadecimal digits, one a line; ${HOW_TO_MAKE_ONE}`,
      };
    }
    // A line of one digit over and over is a placeholder that is easily guessed.
    if (new Set(key).size < 4) {
      return { ok: false, problem: `has a placeholder in line ${index + 1}; ${HOW_TO_MAKE_ONE}` };
    }
    keys.add(key);
  }
  if (keys.size === 0) return { ok: false, problem: `holds no key; ${HOW_TO_MAKE_ONE}` };
  if (keys.size > MOST_KEYS) {
    return { ok: false, problem: `holds ${keys.size} keys: at most ${MOST_KEYS}, remove the old ones` };
  }
  return { ok: true, keys: [...keys].map((key) => new Secret(key)) };
}
