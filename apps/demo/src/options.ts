import { Command, InvalidArgumentError } from 'commander';

const SCENARIOS = ['clean', 'realistic', 'hostile', 'prerequisites'] as const;

/** What the demo was asked for. */
export interface DemoOptions {
  readonly accounts: number;
  readonly regions: number;
  readonly instances: number;
  readonly workers: number;
  readonly seed: number;
  readonly scenario: (typeof SCENARIOS)[number];
  /** A world file instead of a generated one; null without. */
  readonly world: string | null;
  /** How many times faster than life simulated time runs. */
  readonly speed: number;
  /** Ends when nothing is in flight. */
  readonly once: boolean;
  /** Prints the status JSON as the last line. */
  readonly json: boolean;
  /** Where the referee's report goes; null: nowhere. */
  readonly report: string | null;
  /** Port of the console; 0 lets the system choose. */
  readonly port: number;
}

export function parseOptions(argv: readonly string[]): DemoOptions {
  const program = new Command('demo')
    .description('The whole system against a simulated AWS organization and a simulated Teleport cluster.')
    .option('--accounts <n>', 'accounts of the organization', count, 20)
    .option('--regions <n>', 'enabled regions per account', count, 4)
    .option('--instances <n>', 'instances of the organization', wholeNumber, 400)
    .option('--workers <n>', 'worker processes', count, 2)
    .option('--seed <n>', 'the same seed makes the same world', wholeNumber, 7)
    .option('--scenario <name>', SCENARIOS.join(', '), scenario, 'realistic')
    .option('--world <file>', 'a world file instead of a generated world')
    .option('--speed <n>', 'simulated seconds per second', count, 20)
    .option('--port <n>', 'port of the console', port, 8080)
    .option('--once', 'end when nothing is in flight', false)
    .option('--json', 'print the status as JSON, as the last line', false)
    .option('--report <file>', "write the simulator's own account of what happened")
    .parse([...argv], { from: 'user' });
  const options = program.opts<DemoOptions & { world?: string; report?: string }>();
  return { ...options, world: options.world ?? null, report: options.report ?? null };
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError('a whole number from 1 is needed');
  }
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError('a whole number from 0 is needed');
  }
  return value;
}

function port(text: string): number {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError('a port from 0 to 65535 is needed');
  return value;
}

function scenario(text: string): DemoOptions['scenario'] {
  const name = SCENARIOS.find((one) => one === text);
  if (name === undefined) throw new InvalidArgumentError(`one of ${SCENARIOS.join(', ')}`);
  return name;
}
