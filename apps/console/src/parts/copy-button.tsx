import { Check, Copy } from 'lucide-react';
import { type ReactElement, useEffect, useState } from 'react';
import { announce } from './announcer.tsx';

const SHOWN_MS = 2_000;

/** Copies a text, such as a command, and says that it did. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }): ReactElement {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => {
      setCopied(false);
    }, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [isCopied]);
  async function copyAndTell(): Promise<void> {
    const done = await copy(text);
    setCopied(done);
    announce(done ? 'Copied.' : 'The browser refused to copy.');
  }
  return (
    <button
      type="button"
      className="button button--plain button--small"
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={() => {
        void copyAndTell();
      }}
    >
      {isCopied ? <Check aria-hidden /> : <Copy aria-hidden />}
    </button>
  );
}

/** Browsers give the clipboard to secure pages only: over plain HTTP a selected field does it. */
async function copy(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'unseen';
  document.body.append(field);
  field.select();
  // oxlint-disable-next-line typescript/no-deprecated -- the only way without a secure context
  const done = document.execCommand('copy');
  field.remove();
  return done;
}
