import { LEDGER_SCHEMA } from '@muster/core/control/installation';

/** What the next release has otherwise: file, text of this release, text of the next. */
const CHANGES = [
  // Its schema number.
  [
    'core/src/control/installation.ts',
    `LEDGER_SCHEMA = ${LEDGER_SCHEMA};`,
    `LEDGER_SCHEMA = ${LEDGER_SCHEMA + 1};`,
  ],
  // A field in all that it stores.
  [
    'core/src/enrollment/stored-schema.ts',
    '{ v: LEDGER_SCHEMA, ...value }',
    '{ v: LEDGER_SCHEMA, ring: 2, ...value }',
  ],
  // Jobs that this release cannot do, with a field more in each payload.
  ['core/src/jobs/catalog.ts', 'version: 1,', 'version: 2,'],
] as const;

/**
 * Environment of a process that is the next release: this one, changed where it is loaded. A change whose text is not there
 * ends the process.
 */
export function nextRelease(): NodeJS.ProcessEnv {
  const source = `import { registerHooks } from 'node:module';
const changes = ${JSON.stringify(CHANGES)};
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const change = changes.find(([file]) => url.endsWith(file));
    if (change === undefined) return loaded;
    const text = String(loaded.source);
    if (!text.includes(change[1])) throw new Error('nothing to change in ' + url);
    return { ...loaded, source: text.replaceAll(change[1], change[2]) };
  },
});`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` };
}
