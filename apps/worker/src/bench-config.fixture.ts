import { formatFaults } from '@muster/core/config/format-faults';
import type { MusterConfig } from '@muster/core/config/model';
import { parseConfig } from '@muster/core/config/parse-config';
import { type ConfigFacts, type ConfigPart, systemConfig } from '@muster/testing/system-config';

/** A part of a configuration that depends on the simulated organization. */
export type MakeConfigPart = (facts: ConfigFacts) => ConfigPart;

/** The usual configuration of a bench, without an inventory, with a part merged over it. Throws what is wrong with it. */
export function compileConfig(
  facts: ConfigFacts,
  part: ConfigPart | MakeConfigPart | undefined,
): MusterConfig {
  const overrides = typeof part === 'function' ? part(facts) : (part ?? {});
  const quiet = systemConfig(facts, { muster: { inventory: { source: 'none' } } });
  const text = JSON.stringify(mergeConfig(quiet, overrides));
  const parsed = parseConfig(text, { file: 'muster.yaml', env: {} });
  if (!parsed.ok) throw new Error(formatFaults(parsed.faults));
  return parsed.config;
}

function mergeConfig(base: unknown, over: unknown): unknown {
  if (!isPart(base) || !isPart(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    merged[key] = Object.hasOwn(merged, key) ? mergeConfig(merged[key], value) : value;
  }
  return merged;
}

function isPart(value: unknown): value is ConfigPart {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
