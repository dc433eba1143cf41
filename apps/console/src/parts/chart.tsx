import { type ReactElement, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { figure } from '../format/numbers.ts';
import { timeLabels, utc } from '../format/time.ts';
import type { Line } from './chart-line.ts';
import './chart.css';

const HEIGHT_PX = 200;
/** Rows of the table beside the chart: more than these are no alternative but a flood. */
const TABLE_ROWS = 24;

/** Figures over time as lines, and the same as a table for those who cannot see them. Times are UTC. */
export function Chart({
  label,
  at,
  lines,
}: {
  /** What is shown, as a sentence for a screen reader. */
  readonly label: string;
  /** ISO 8601. */
  readonly at: readonly string[];
  readonly lines: readonly Line[];
}): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  /** The point under the pointer; null: the newest. */
  const [pointed, setPointed] = useState<number | null>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    let plot = draw(element, at, lines, setPointed);
    const resized = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: HEIGHT_PX });
    });
    resized.observe(element);
    // A canvas does not follow the theme by itself.
    const redraw = (): void => {
      plot.destroy();
      plot = draw(element, at, lines, setPointed);
    };
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', redraw);
    return () => {
      resized.disconnect();
      themed.disconnect();
      dark.removeEventListener('change', redraw);
      plot.destroy();
    };
  }, [at, lines]);
  const every = Math.max(1, Math.ceil(at.length / TABLE_ROWS));

  return (
    <figure className="chart">
      <div role="img" aria-label={label}>
        <div ref={place} className="chart__canvas" aria-hidden />
      </div>
      <ul className="chart__legend">
        {lines.map(({ name, tone, values }) => (
          <li key={name}>
            <span className={`chart__key tone-${tone}`} aria-hidden />
            {name} <strong>{said(valueAt(values, pointed))}</strong>
          </li>
        ))}
        <li className="quiet">{pointed === null ? 'Newest' : utc(at[pointed] ?? '')}</li>
      </ul>
      <details className="chart__table">
        <summary>As a table</summary>
        <div className="chart__scroll" role="region" aria-label={`${label} As a table.`} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {lines.map(({ name }) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {at.map((time, index) =>
                (at.length - 1 - index) % every === 0 ? (
                  <tr key={time}>
                    <th scope="row">{utc(time)}</th>
                    {lines.map(({ name, values }) => (
                      <td key={name}>{said(values[index] ?? null)}</td>
                    ))}
                  </tr>
                ) : null,
              )}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

function valueAt(values: Line['values'], index: number | null): number | null {
  return (index === null ? values.findLast((value) => value !== null) : values[index]) ?? null;
}

function said(value: number | null): string {
  return value === null ? 'not recorded' : figure(value);
}

function draw(
  element: HTMLElement,
  at: readonly string[],
  lines: readonly Line[],
  onPoint: (index: number | null) => void,
): uPlot {
  const style = getComputedStyle(element);
  const axis: uPlot.Axis = {
    stroke: colorOf(element, '--quiet'),
    grid: { stroke: colorOf(element, '--line'), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  return new uPlot(
    {
      width: Math.max(1, element.clientWidth),
      height: HEIGHT_PX,
      // The last label has room for its half.
      padding: [8, 28, null, null],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
      legend: { show: false },
      hooks: {
        setCursor: [
          ({ cursor }) => {
            onPoint(cursor.left === undefined || cursor.left < 0 ? null : (cursor.idx ?? null));
          },
        ],
      },
      cursor: { drag: { x: false, y: false }, points: { size: 7 } },
      scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.08)] } },
      axes: [
        { ...axis, values: (_plot, seconds) => timeLabels(seconds) },
        {
          ...axis,
          size: 54,
          values: (_plot, values) => values.map((value) => (Number.isInteger(value) ? figure(value) : '')),
        },
      ],
      series: [
        {},
        ...lines.map(({ name, tone }): uPlot.Series => {
          const color = colorOf(element, `--${tone}`);
          return { label: name, stroke: color, width: 2, points: { show: at.length < 3 }, spanGaps: false };
        }),
      ],
    },
    [at.map((time) => Date.parse(time) / 1_000), ...lines.map(({ values }) => [...values])],
    element,
  );
}

/** A custom property as the color that it stands for: a canvas knows no `light-dark()`. */
function colorOf(element: HTMLElement, property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
