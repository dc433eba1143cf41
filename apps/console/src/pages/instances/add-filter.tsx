import * as Ariakit from '@ariakit/react';
import { Plus } from 'lucide-react';
import { type FormEvent, type ReactElement, useState } from 'react';
import { type Search, wordsOf } from '../../parts/search.ts';
import { type FilterName, labelOfFilter } from './instance-filters.ts';

/** What is written rather than chosen: too many words to list, or words that the operator knows. */
const WRITTEN = [
  ['tag', 'Team=payments'],
  ['account', '111122223333'],
  ['unit', 'ou-ab12-11112222'],
  ['wave', 'canary'],
  ['platform', 'Ubuntu'],
] as const satisfies readonly (readonly [FilterName, string])[];

/** Adds a filter by a word that is typed. */
export function AddFilter({
  search,
  onChange,
}: {
  readonly search: Search;
  readonly onChange: (change: Search) => void;
}): ReactElement {
  const popover = Ariakit.usePopoverStore();
  const [name, setName] = useState<(typeof WRITTEN)[number][0]>('tag');
  const [word, setWord] = useState('');
  const example = WRITTEN.find(([one]) => one === name)?.[1] ?? '';

  function add(event: FormEvent): void {
    event.preventDefault();
    const added = word.trim().replaceAll(',', '');
    if (added === '') return;
    // A unit has units below it: two of them at once would be a question of its own.
    const words = name === 'unit' ? [added] : [...new Set([...wordsOf(search, name), added])];
    onChange({ [name]: words.join(',') });
    setWord('');
    popover.hide();
  }

  return (
    <>
      <Ariakit.PopoverDisclosure store={popover} className="button">
        <Plus aria-hidden />
        Filter
      </Ariakit.PopoverDisclosure>
      <Ariakit.Popover store={popover} gutter={6} portal className="add-filter" aria-label="Add a filter">
        <form className="stack" onSubmit={add}>
          <div className="field">
            <label htmlFor="add-filter-name">Filter by</label>
            <select
              id="add-filter-name"
              className="input"
              value={name}
              onChange={(event) => {
                setName(WRITTEN.find(([one]) => one === event.target.value)?.[0] ?? 'tag');
              }}
            >
              {WRITTEN.map(([one]) => (
                <option key={one} value={one}>
                  {labelOfFilter(one)}
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor="add-filter-word">Is</label>
            <input
              id="add-filter-word"
              className="input"
              value={word}
              maxLength={200}
              placeholder={example}
              onChange={(event) => {
                setWord(event.target.value);
              }}
            />
          </div>
          <button type="submit" className="button button--main">
            Add
          </button>
        </form>
      </Ariakit.Popover>
    </>
  );
}
