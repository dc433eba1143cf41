import { parseAwsSimArgs } from './flags.ts';
import { startAwsSim } from './start.ts';

/** Starts a simulated organization from the command line; ends on SIGINT or SIGTERM. Exit code 64 for wrong flags. */
const parsed = parseAwsSimArgs(process.argv.slice(2));
if (parsed.ok) {
  const sim = await startAwsSim({ ...parsed.options, port: parsed.options.port ?? 4566 });
  process.stdout.write(`AWS_ENDPOINT_URL=${sim.url}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      void sim.close().then(() => process.exit(0));
    });
  }
} else {
  process.stderr.write(`${parsed.faults.join('\n')}\n`);
  process.exitCode = 64;
}
