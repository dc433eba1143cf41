import { moveOnTerminal } from '@muster/cli/guarded-output';
import { cutToWidth } from '@muster/cli/lists/table';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';

const BAR_WIDTH = 30;
/** Columns of the narrowest terminal that is drawn for. */
const MOST_NARROW = 20;
/** Without a terminal a line is printed this often, and only when something changed. */
const QUIET_EVERY_MS = 5_000;

/** Shows how far the demo is: a block that redraws itself on a terminal, a line now and then elsewhere. Writes to stderr; stdout belongs to the result. */
export class ProgressDisplay {
  readonly #stream: NodeJS.WriteStream;
  #drawnLines = 0;
  #lastLine = '';
  #lastAtMs = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  update(status: OrganizationStatus, elapsedMs: number): void {
    if (this.#stream.isTTY) this.#redraw(progressBlock(status, elapsedMs));
    else this.#printLine(status, elapsedMs);
  }

  /** Removes the block, so that what follows starts on a clean line. */
  clear(): void {
    if (this.#drawnLines > 0) moveOnTerminal(this.#stream, { eraseLinesAbove: this.#drawnLines });
    this.#drawnLines = 0;
  }

  #redraw(lines: readonly string[]): void {
    this.clear();
    // A line that the terminal breaks is two to erase, and one would stay.
    const width = Math.max(MOST_NARROW, this.#stream.columns) - 1;
    this.#stream.write(`${lines.map((line) => cutToWidth(line, width)).join('\n')}\n`);
    this.#drawnLines = lines.length;
  }

  #printLine(status: OrganizationStatus, elapsedMs: number): void {
    const { sweep, instances } = status;
    const read = sweep.targets.total - sweep.targets.pending;
    const line = `accounts ${sweep.accounts.total}, targets ${read}/${sweep.targets.total}, instances ${countsOf(instances.byState)}`;
    if (line === this.#lastLine || elapsedMs - this.#lastAtMs < QUIET_EVERY_MS) return;
    this.#lastLine = line;
    this.#lastAtMs = elapsedMs;
    this.#stream.write(`${seconds(elapsedMs)}  ${line}\n`);
  }
}

function progressBlock(status: OrganizationStatus, elapsedMs: number): readonly string[] {
  const { sweep, instances, commands } = status;
  const { targets } = sweep;
  const done = ['joined', 'ineligible', 'lost', 'failed', 'stopped', 'unmatched', 'gone'].reduce(
    (sum, state) => sum + (instances.byState[state] ?? 0),
    0,
  );
  return [
    `accounts   ${sweep.accounts.total}${sweep.accounts.denied > 0 ? ` (${sweep.accounts.denied} denied)` : ''}`,
    `targets    ${bar(targets.total - targets.pending, targets.total)}`,
    `instances  ${bar(done, instances.total)}`,
    `           ${countsOf(instances.byState)}`,
    `commands   ${commands.sent} sent, ${commands.live} live   ${seconds(elapsedMs)}`,
  ];
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? 0 : Math.round((BAR_WIDTH * done) / total);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${done}/${total}`;
}

function countsOf(counts: Readonly<Record<string, number>>): string {
  const shown = Object.entries(counts).filter(([, count]) => count > 0);
  return shown.length === 0 ? 'none yet' : shown.map(([name, count]) => `${count} ${name}`).join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
