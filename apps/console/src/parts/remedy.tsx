import type { ReactElement } from 'react';
import { plainText } from '../format/plain-text.ts';
import { CopyButton } from './copy-button.tsx';
import { commandsIn } from './commands-in.ts';
import './remedy.css';

/** What to do about a finding; each command in it can be copied whole. */
export function Remedy({ text }: { readonly text: string }): ReactElement {
  return (
    <p className="remedy breaks">
      {commandsIn(plainText(text)).map(({ kind, words, at }) =>
        kind === 'text' ? (
          <span key={at}>{words}</span>
        ) : (
          <span key={at} className="remedy__command">
            <code>{words}</code>
            <CopyButton text={words} what={`the command ${words}`} />
          </span>
        ),
      )}
    </p>
  );
}
