import { Monitor, Moon, Sun } from 'lucide-react';
import { type ReactElement, useState } from 'react';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

/** Where `theme.js` looks before the first paint. */
const STORED = 'muster-theme';
const ICONS = { system: Monitor, light: Sun, dark: Moon };

/** Light, dark, or as the operating system has it. */
export function ThemeSwitch(): ReactElement {
  const [theme, setTheme] = useState<Theme>(storedTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  const Icon = ICONS[theme];
  return (
    <button
      type="button"
      className="button button--plain"
      aria-label={`Theme: ${theme}. Change to ${next}`}
      title={`Theme: ${theme}`}
      onClick={() => {
        setTheme(next);
        if (next === 'system') {
          localStorage.removeItem(STORED);
          delete document.documentElement.dataset['theme'];
        } else {
          localStorage.setItem(STORED, next);
          document.documentElement.dataset['theme'] = next;
        }
      }}
    >
      <Icon aria-hidden />
    </button>
  );
}

function storedTheme(): Theme {
  const stored = localStorage.getItem(STORED);
  return THEMES.find((one) => one === stored) ?? 'system';
}
