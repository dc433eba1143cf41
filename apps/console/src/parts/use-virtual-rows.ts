import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';

const ROW_PX = 45;
const OVERSCAN = 12;
/** So many rows before the end the next page is asked for. */
const END_ROWS = 25;

/** Which rows are in sight when the whole page scrolls, and how much room the others take. */
export function useVirtualRows(count: number, onReachEnd?: () => void) {
  const ref = useRef<HTMLTableSectionElement>(null);
  const [scrollMargin, setScrollMargin] = useState(0);
  // What stands above the table may grow or shrink, and then the whole page does.
  useLayoutEffect(() => {
    const look = (): void => {
      const top = ref.current?.getBoundingClientRect().top ?? 0;
      setScrollMargin(Math.round(top + window.scrollY));
    };
    look();
    const resized = new ResizeObserver(look);
    resized.observe(document.body);
    return () => {
      resized.disconnect();
    };
  }, []);
  const virtualizer = useWindowVirtualizer({
    count,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    scrollMargin,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1);
  const isNearEnd = count > 0 && (last?.index ?? 0) >= count - END_ROWS;
  useEffect(() => {
    if (isNearEnd) onReachEnd?.();
  }, [isNearEnd, count, onReachEnd]);
  return {
    ref,
    items,
    before: Math.max(0, (items[0]?.start ?? scrollMargin) - scrollMargin),
    after: last === undefined ? 0 : Math.max(0, virtualizer.getTotalSize() - (last.end - scrollMargin)),
    measure: virtualizer.measureElement,
  };
}
