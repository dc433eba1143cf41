/** Draws the part of the map that is seen. A frame costs what its window holds, however many accounts there are. */
import { plainText } from '../../format/plain-text.ts';
import { lookOf, type MapAccount } from './map-cells.ts';
import { type CellPlace, type MapLayout, seenRows } from './map-layout.ts';
import type { MapColors } from './tone-colors.ts';

/** What one frame shows. */
export interface MapFrame {
  readonly layout: MapLayout;
  readonly accounts: readonly MapAccount[];
  readonly regions: readonly string[];
  readonly colors: MapColors;
  readonly scrollTop: number;
  readonly width: number;
  readonly height: number;
  /** The cell that keys stand on; null while the map has no focus and the pointer is elsewhere. */
  readonly at: CellPlace | null;
}

const FONT = '12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const SIGN_FONT = 'bold 11px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
/** Between cells. */
const GAP = 1;

/** Draws a frame. The context is scaled to CSS pixels. */
export function drawMap(context: CanvasRenderingContext2D, frame: MapFrame): void {
  const { layout, width, height } = frame;
  context.clearRect(0, 0, width, height);
  context.textBaseline = 'middle';
  context.save();
  context.beginPath();
  context.rect(0, layout.headHeight, width, height - layout.headHeight);
  context.clip();
  const { from, to } = seenRows(layout, frame.scrollTop, height - layout.headHeight);
  for (let row = from; row < to; row += 1) drawRow(context, frame, row);
  drawCursor(context, frame);
  context.restore();
  drawHead(context, frame);
}

function topOf({ layout, scrollTop }: MapFrame, row: number): number {
  return layout.headHeight + row * layout.rowHeight - scrollTop;
}

function drawRow(context: CanvasRenderingContext2D, frame: MapFrame, row: number): void {
  const { layout, colors, at } = frame;
  const account = frame.accounts[row];
  if (account === undefined) return;
  const top = topOf(frame, row);
  const middle = top + layout.rowHeight / 2;
  context.font = FONT;
  context.textAlign = 'left';
  context.fillStyle = at?.row === row ? colors.ink : colors.quiet;
  const title = account.name === '' ? account.accountId : account.name;
  context.fillText(fit(context, plainText(title), layout.labelWidth - 10), 2, middle);
  context.font = SIGN_FONT;
  context.textAlign = 'center';
  for (const [column, cell] of account.cells.entries()) {
    const { tone, sign } = lookOf(cell);
    const left = layout.labelWidth + column * layout.columnWidth;
    context.fillStyle = colors.fill[tone];
    if (cell !== null) {
      context.fillRect(left, top, layout.columnWidth - GAP, layout.rowHeight - GAP);
    }
    if (sign === '') continue;
    context.fillStyle = colors.sign[tone];
    context.fillText(sign, left + (layout.columnWidth - GAP) / 2, middle);
  }
}

function drawCursor(context: CanvasRenderingContext2D, frame: MapFrame): void {
  const { at, layout, colors } = frame;
  if (at === null || at.column < 0) return;
  context.strokeStyle = colors.ink;
  context.lineWidth = 2;
  const left = layout.labelWidth + at.column * layout.columnWidth;
  context.strokeRect(left, topOf(frame, at.row), layout.columnWidth - GAP, layout.rowHeight - GAP);
}

/** Names of regions, turned up: a column is narrower than its name. */
function drawHead(context: CanvasRenderingContext2D, frame: MapFrame): void {
  const { layout, colors, regions, at } = frame;
  context.font = FONT;
  context.textAlign = 'left';
  for (const [column, region] of regions.entries()) {
    context.save();
    const middle = layout.labelWidth + (column + 0.5) * layout.columnWidth - GAP / 2;
    context.translate(middle, layout.headHeight - 6);
    context.rotate(-Math.PI / 2);
    context.fillStyle = at?.column === column ? colors.ink : colors.quiet;
    context.fillText(fit(context, region, layout.headHeight - 10), 0, 0);
    context.restore();
  }
}

/** The text, or its beginning with an ellipsis where it is too wide. */
function fit(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let fits = 0;
  let tooLong = text.length;
  while (tooLong - fits > 1) {
    const half = Math.floor((fits + tooLong) / 2);
    if (context.measureText(`${text.slice(0, half)}…`).width <= width) fits = half;
    else tooLong = half;
  }
  return `${text.slice(0, fits)}…`;
}
