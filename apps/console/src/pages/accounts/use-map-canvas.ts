import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { drawMap } from './draw-map.ts';
import type { MapAccount } from './map-cells.ts';
import { type CellPlace, heightOfRows, layOutMap, type MapLayout } from './map-layout.ts';
import { type MapColors, readMapColors, watchTheme } from './tone-colors.ts';

/** CSS pixels; a taller map scrolls. */
const TALLEST = 560;

/** A canvas inside of a scrolling window, and what is needed to draw it. */
interface MapCanvas {
  readonly windowRef: RefObject<HTMLDivElement | null>;
  readonly canvasRef: RefObject<HTMLCanvasElement | null>;
  readonly layout: MapLayout;
  readonly width: number;
  readonly height: number;
  /** Draws what is seen now, in the next frame. */
  readonly draw: () => void;
}

/** Keeps the canvas of the map as wide as its window, in the colors of the page, and drawn. */
export function useMapCanvas(
  accounts: readonly MapAccount[],
  regions: readonly string[],
  at: CellPlace | null,
): MapCanvas {
  const windowRef = useRef<HTMLDivElement>(null);
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const colors = useRef<MapColors | null>(null);
  const frame = useRef(0);
  const width = useWidth(windowRef);
  const layout = useMemo(() => layOutMap(accounts.length, regions.length, width), [accounts, regions, width]);
  const height = Math.min(TALLEST, layout.headHeight + heightOfRows(layout));

  const draw = useCallback(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      const context = canvasRef.current?.getContext('2d');
      if (!context || windowRef.current === null || width === 0) return;
      colors.current ??= readMapColors(windowRef.current);
      context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      const { scrollTop } = windowRef.current;
      const shown = { layout, accounts, regions, width, height, at, scrollTop, colors: colors.current };
      drawMap(context, shown);
    });
  }, [layout, accounts, regions, width, height, at]);

  useEffect(draw, [draw]);
  useEffect(
    () =>
      watchTheme(() => {
        colors.current = null;
        draw();
      }),
    [draw],
  );
  return { windowRef, canvasRef, layout, width, height, draw };
}

/** The inner width of an element, as it changes. */
function useWidth(ref: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    const sizes = new ResizeObserver(() => {
      setWidth(element.clientWidth);
    });
    sizes.observe(element);
    return () => {
      sizes.disconnect();
    };
  }, [ref]);
  return width;
}
