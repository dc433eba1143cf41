import type { EffectiveConfiguration } from '@muster/api/installation';
import { type ReactElement, useState } from 'react';
import { plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { Empty } from '../../parts/states-of-view.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import './settings.css';

/** Every setting that is in force; secrets were taken out by the scheduler. */
export function Configuration({
  configuration,
}: {
  readonly configuration: EffectiveConfiguration;
}): ReactElement {
  const [part, setPart] = useState('');
  const [withDefaults, setWithDefaults] = useState(false);
  const shown = configuration.settings.filter(
    ({ path, value, isDefault }) =>
      (withDefaults || !isDefault) && `${path} ${value}`.toLowerCase().includes(part.trim().toLowerCase()),
  );
  return (
    <>
      <header className="card__head">
        <h2 id="configuration-title">Configuration in force</h2>
        <span className="quiet small">
          {configuration.takenUpAt === null ? (
            'As it was at the start'
          ) : (
            <>
              Taken up <RelativeTime at={configuration.takenUpAt} />
            </>
          )}
        </span>
      </header>
      <div className="card__body stack">
        <div className="row">
          <input
            type="search"
            className="input settings__search"
            placeholder="Part of a setting"
            aria-label="Part of a setting"
            value={part}
            onChange={(event) => {
              setPart(event.target.value);
            }}
          />
          <label className="row">
            <input
              type="checkbox"
              checked={withDefaults}
              onChange={(event) => {
                setWithDefaults(event.target.checked);
              }}
            />
            Defaults too
          </label>
          <span className="quiet small">{plural(shown.length, 'setting')}</span>
        </div>
        {shown.length === 0 ? (
          <Empty title="No setting is called so" />
        ) : (
          <dl className="settings" id="settings">
            {shown.map(({ path, value, isDefault }) => (
              <div key={path}>
                <dt className="mono breaks">{plainText(path)}</dt>
                <dd className="mono breaks">
                  {plainText(value)}
                  {isDefault ? <span className="quiet small settings__default">default</span> : null}
                </dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    </>
  );
}
