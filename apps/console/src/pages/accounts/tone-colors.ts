/** The colors of the page for what is drawn on a canvas, which knows no style sheets. */
import type { CellLook } from './map-cells.ts';

/** What the map is drawn in. Values are CSS colors as the browser has resolved them. */
export interface MapColors {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly fill: Readonly<Record<CellLook['tone'], string>>;
  readonly sign: Readonly<Record<CellLook['tone'], string>>;
}

/** Reads the colors that hold inside of an element just now: light or dark. */
export function readMapColors(element: HTMLElement): MapColors {
  const probe = document.createElement('span');
  element.append(probe);
  const colorOf = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colors: MapColors = {
    ink: colorOf('ink'),
    quiet: colorOf('quiet'),
    line: colorOf('line'),
    accent: colorOf('accent'),
    fill: {
      good: colorOf('good'),
      busy: colorOf('busy'),
      warn: colorOf('warn'),
      bad: colorOf('bad'),
      off: colorOf('off-tint'),
      none: colorOf('sunk'),
    },
    sign: {
      good: colorOf('card'),
      busy: colorOf('card'),
      warn: colorOf('card'),
      bad: colorOf('card'),
      off: colorOf('off'),
      none: colorOf('off'),
    },
  };
  probe.remove();
  return colors;
}

/** Calls back when light becomes dark, by the system or by the switch of the page. */
export function watchTheme(onChange: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const root = new MutationObserver(onChange);
  dark.addEventListener('change', onChange);
  root.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    dark.removeEventListener('change', onChange);
    root.disconnect();
  };
}
