import * as Ariakit from '@ariakit/react';
import { ChevronDown, Search as SearchIcon, X } from 'lucide-react';
import { type ReactElement, type ReactNode, useEffect, useRef, useState } from 'react';
import { figure } from '../format/numbers.ts';
import { plainText } from '../format/plain-text.ts';
import { type Search, wordsOf } from './search.ts';
import { useDelayed } from './use-delayed.ts';
import './filter-bar.css';

/** One word that a filter can select by. */
export interface FilterOption {
  readonly value: string;
  /** @default the value */
  readonly label?: string;
  /** Rows that it would leave; absent where the API does not tell. */
  readonly count?: number | undefined;
}

/** A filter of a list, named as the parameter of the API and of the address. */
export interface Filter {
  readonly name: string;
  readonly label: string;
  readonly options: readonly FilterOption[];
}

const TYPED_MS = 250;

/** The filters of a list: a search field and a menu of words each. What is chosen stands in the address. */
export function FilterBar({
  search,
  onChange,
  filters,
  placeholder,
  children,
}: {
  readonly search: Search;
  readonly onChange: (change: Search) => void;
  readonly filters: readonly Filter[];
  /** Of the search field; without, there is none. */
  readonly placeholder?: string;
  /** At the end of the bar. */
  readonly children?: ReactNode;
}): ReactElement {
  const known = new Map(filters.map((filter) => [filter.name, filter]));
  const active = filters.flatMap(({ name }) => wordsOf(search, name).map((word) => ({ name, word })));
  const isFiltered = active.length > 0 || (search['q'] ?? '') !== '';
  return (
    <div className="filter-bar" role="search">
      <div className="row">
        {placeholder === undefined ? null : (
          <SearchField
            value={search['q'] ?? ''}
            placeholder={placeholder}
            onChange={(q) => {
              onChange({ q });
            }}
          />
        )}
        {filters.map((filter) => (
          <FilterMenu
            key={filter.name}
            filter={filter}
            chosen={wordsOf(search, filter.name)}
            onChoose={(words) => {
              onChange({ [filter.name]: words.join(',') });
            }}
          />
        ))}
        <span className="filter-bar__end">{children}</span>
      </div>
      {isFiltered ? (
        <ul className="row" aria-label="Filters in force">
          {active.map(({ name, word }) => {
            const filter = known.get(name);
            const label = filter?.options.find(({ value }) => value === word)?.label ?? word;
            return (
              <li key={`${name} ${word}`} className="filter-bar__chip">
                <span className="breaks">
                  {filter?.label}: {plainText(label)}
                </span>
                <button
                  type="button"
                  aria-label={`Remove the filter ${filter?.label ?? name} ${word}`}
                  onClick={() => {
                    onChange({
                      [name]: wordsOf(search, name)
                        .filter((one) => one !== word)
                        .join(','),
                    });
                  }}
                >
                  <X aria-hidden />
                </button>
              </li>
            );
          })}
          <li>
            <button
              type="button"
              className="button button--plain button--small"
              onClick={() => {
                onChange({ q: '', ...Object.fromEntries(filters.map(({ name }) => [name, ''])) });
              }}
            >
              Clear all
            </button>
          </li>
        </ul>
      ) : null}
    </div>
  );
}

function SearchField({
  value,
  placeholder,
  onChange,
}: {
  readonly value: string;
  readonly placeholder: string;
  readonly onChange: (value: string) => void;
}): ReactElement {
  const [typed, setTyped] = useState(value);
  const settled = useDelayed(typed, TYPED_MS);
  const told = useRef(value);
  // The address changed by other means, such as the way back or "Clear all".
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => {
    if (settled === told.current) return;
    told.current = settled;
    onChange(settled);
  }, [settled, onChange]);
  return (
    <div className="filter-bar__search">
      <SearchIcon aria-hidden />
      <input
        type="search"
        className="input"
        value={typed}
        placeholder={placeholder}
        maxLength={200}
        aria-label={placeholder}
        onChange={(event) => {
          setTyped(event.target.value);
        }}
      />
    </div>
  );
}

function FilterMenu({
  filter,
  chosen,
  onChoose,
}: {
  readonly filter: Filter;
  readonly chosen: readonly string[];
  readonly onChoose: (words: readonly string[]) => void;
}): ReactElement {
  return (
    <Ariakit.MenuProvider
      values={{ words: [...chosen] }}
      setValues={({ words }) => {
        if (Array.isArray(words)) onChoose(words.map(String));
      }}
    >
      <Ariakit.MenuButton className="button">
        {filter.label}
        {chosen.length === 0 ? null : <span className="filter-bar__count">{chosen.length}</span>}
        <ChevronDown aria-hidden />
      </Ariakit.MenuButton>
      <Ariakit.Menu gutter={6} className="menu" portal>
        {filter.options.length === 0 ? <p className="menu__text quiet">Nothing to choose from.</p> : null}
        {filter.options.map(({ value, label, count }) => (
          <Ariakit.MenuItemCheckbox
            key={value}
            name="words"
            value={value}
            hideOnClick={false}
            className="menu__item"
          >
            <Ariakit.MenuItemCheck />
            <span className="breaks">{plainText(label ?? value)}</span>
            {count === undefined ? null : <span className="menu__item--end">{figure(count)}</span>}
          </Ariakit.MenuItemCheckbox>
        ))}
      </Ariakit.Menu>
    </Ariakit.MenuProvider>
  );
}
