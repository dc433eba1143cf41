import type { BenchResult } from './results.ts';

const WIDTH = 720;
const HEIGHT = 340;
const LEFT = 64;
const RIGHT = 64;
const TOP = 40;
const BOTTOM = 48;

interface Series {
  readonly label: string;
  readonly color: string;
  readonly points: readonly (readonly [accounts: number, value: number])[];
}

/** Targets per second and a worker's memory over the size of the organization; null without a result of `grow`. */
export function growthPicture(results: readonly BenchResult[]): string | null {
  const result = results.find(({ name }) => name === 'grow');
  if (result === undefined) return null;
  const speed = seriesOf(result, 'targetsPerSecond', 'targets per second', '#2b6cb0');
  const memory = seriesOf(result, 'workerPeakRssMb', 'peak memory of the worker, MB', '#c05621');
  const sizes = speed.points.map(([accounts]) => accounts);
  const smallest = Math.log10(Math.min(...sizes));
  const span = Math.max(Math.log10(Math.max(...sizes)) - smallest, 1e-9);
  const x = (accounts: number): number =>
    LEFT + ((Math.log10(accounts) - smallest) / span) * (WIDTH - LEFT - RIGHT);
  const parts = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...sizes.map(
      (accounts) =>
        `<text x="${x(accounts).toFixed(1)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${accounts.toLocaleString('en-US')}</text>`,
    ),
    `<text x="${WIDTH / 2}" y="${HEIGHT - 8}" text-anchor="middle">accounts (17 regions and 100 instances each)</text>`,
    `<path d="M${LEFT} ${TOP} V${HEIGHT - BOTTOM} H${WIDTH - RIGHT} V${TOP}" fill="none" stroke="#a0aec0"/>`,
    drawSeries(speed, x, 'left'),
    drawSeries(memory, x, 'right'),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Speed and memory over the size of the organization" font-family="sans-serif" font-size="12" fill="#2d3748">\n${parts.join('\n')}\n</svg>\n`;
}

function seriesOf(result: BenchResult, name: string, label: string, color: string): Series {
  const points = Object.entries(result.figures).flatMap(([key, value]): [number, number][] => {
    const [figure, accounts] = key.split('@');
    return figure === name ? [[Number(accounts), value]] : [];
  });
  return { label, color, points: points.toSorted((a, b) => a[0] - b[0]) };
}

/** Each series has its own scale, from zero, on its own side. */
function drawSeries(
  { label, color, points }: Series,
  x: (accounts: number) => number,
  side: 'left' | 'right',
): string {
  const top = niceTop(Math.max(...points.map(([, value]) => value)));
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const line = points
    .map(([accounts, value]) => `${x(accounts).toFixed(1)},${y(value).toFixed(1)}`)
    .join(' ');
  const axis = side === 'left' ? LEFT - 8 : WIDTH - RIGHT + 8;
  const anchor = side === 'left' ? 'end' : 'start';
  return [
    `<polyline points="${line}" fill="none" stroke="${color}" stroke-width="2"/>`,
    ...points.map(
      ([accounts, value]) =>
        `<circle cx="${x(accounts).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3.5" fill="${color}"/>`,
    ),
    ...[0, 0.5, 1].map(
      (share) =>
        `<text x="${axis}" y="${(y(top * share) + 4).toFixed(1)}" text-anchor="${anchor}" fill="${color}">${Math.round(top * share)}</text>`,
    ),
    `<text x="${side === 'left' ? LEFT : WIDTH - RIGHT}" y="${TOP - 16}" text-anchor="${side === 'left' ? 'start' : 'end'}" fill="${color}">${label}</text>`,
  ].join('\n');
}

/** The next 1, 2 or 5 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
