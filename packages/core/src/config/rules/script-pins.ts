import { isScriptName, isSha256 } from '../../install/alphabets.ts';
import type { Matcher } from '../../scan/matcher.ts';
import type { MusterShape } from '../muster-schema.ts';
import type { Report } from '../source/report.ts';

/** Installer name → the SHA-256 it must have, in lower case. */
export type ScriptPins = ReadonlyMap<string, string>;

const PATH = ['install', 'script_sha256'];

/** Reads `muster.install.script_sha256`. @param report at `muster` */
export function readScriptPins(shape: MusterShape, report: Report): ScriptPins {
  const pins = new Map<string, string>();
  for (const [name, written] of Object.entries(shape.install.script_sha256)) {
    const sha256 = written.toLowerCase();
    if (!isScriptName(name)) {
      report.fault(
        [...PATH, name],
        'names no installer: the name may hold letters, digits and ._-, and begins with a letter or digit',
      );
    } else if (!isSha256(sha256)) {
      report.fault(
        [...PATH, name],
        'must be a SHA-256: 64 hexadecimal digits, in quotes (muster doctor prints it)',
      );
    } else {
      pins.set(name, sha256);
    }
  }
  return pins;
}

/** A pin that holds nothing is a slip, or left over. @param report at `muster` */
export function noteUnusedPins(pins: ScriptPins, matchers: readonly Matcher[], report: Report): void {
  const used = new Set(matchers.map(({ install }) => install.scriptName));
  for (const name of pins.keys()) {
    if (!used.has(name)) report.note([...PATH, name], 'no matcher sends this installer: nothing is checked');
  }
}
