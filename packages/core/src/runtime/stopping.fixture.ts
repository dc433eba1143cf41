/** A process that stops as our processes do: for tests that send it signals. Its argument says what it does. */
import { createClock } from './clock.ts';
import { createLogger } from './logger.ts';
import { installProcessGuards, createShutdown } from './shutdown.ts';

const log = createLogger({ name: 'fixture', level: 'info' });
const clock = createClock();
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
installProcessGuards(log);
const manner = process.argv[2];
const shutdown = createShutdown({
  log,
  clock,
  deadlineMs: 500,
  steps: [
    {
      name: 'worker',
      stop: async (leftMs) => {
        say(`worker ${leftMs > 0 && leftMs <= 500}`);
        if (manner === 'hang') await clock.sleep(60_000);
        if (manner === 'fail') throw new Error('cannot stop');
        await clock.sleep(200);
      },
    },
    {
      name: 'redis',
      stop: async () => {
        say('redis');
      },
    },
  ],
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    void shutdown.stop(signal).then((code) => process.exit(code));
  });
}
if (manner === 'throw') setTimeout(() => JSON.parse('{'), 1);
if (manner === 'reject') void Promise.reject(new Error('token AKIAIOSFODNN7EXAMPLE'));
setInterval(() => undefined, 1_000);
say('up');
