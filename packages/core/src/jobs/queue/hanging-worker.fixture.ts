/** A worker process that takes one job, says so, and never ends it: for tests that kill it. */
import { createFixture } from './queue-fixture.ts';

const [url = '', prefix = ''] = process.argv.slice(2);
const fixture = await createFixture({ url }, prefix);
fixture.start((payload) => {
  process.stdout.write(`took ${payload.target}\n`);
  return new Promise(() => undefined);
}, {});
