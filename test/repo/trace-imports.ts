/**
 * Loads modules for real and tells of every forbidden one by which way it came in. What is loaded is sure: it sees
 * through packages, dynamic imports at load time and re-exports, where a lint rule sees direct imports only.
 *
 * Usage: node trace-imports.ts FORBIDDEN MODULE… (FORBIDDEN: a regular expression on file URLs and package names)
 * Prints `{ loaded, chains }` as JSON.
 */
import { registerHooks } from 'node:module';

const [forbiddenText = '', ...entries] = process.argv.slice(2);
const forbidden = new RegExp(forbiddenText);
const parentOf = new Map<string, string | undefined>();
const chains: string[][] = [];

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    if (!parentOf.has(resolved.url)) {
      parentOf.set(resolved.url, context.parentURL);
      if (forbidden.test(resolved.url)) chains.push(chainOf(resolved.url));
    }
    return resolved;
  },
});

/** From the module that was asked for down to the forbidden one. */
function chainOf(url: string): string[] {
  const chain: string[] = [];
  for (let at: string | undefined = url; at !== undefined && at !== import.meta.url; at = parentOf.get(at)) {
    if (chain.includes(at)) break;
    chain.unshift(at.replace(/^.*\/node_modules\//, ''));
  }
  return chain;
}

for (const entry of entries) await import(entry);
process.stdout.write(JSON.stringify({ loaded: parentOf.size, chains }));
process.exit(0);
