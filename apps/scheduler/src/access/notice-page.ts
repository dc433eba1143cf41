import { createHash } from 'node:crypto';
import type { Response } from 'express';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 34rem; margin: 12vh auto; padding: 0 1.5rem; }
h1 { font-size: 1.4rem; }
button { font: inherit; padding: .5rem 1.25rem; border-radius: .4rem; cursor: pointer; }
code { overflow-wrap: anywhere; }
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Loads nothing, runs nothing, and sends its form here only. */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

/** A page of the sign-in that needs no script. */
export interface Notice {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  /** A button that posts to `action`; null: a link to the console instead. */
  readonly button: { readonly label: string; readonly action: string } | null;
}

/** Every text is escaped: names come from a provider or from an operator's machine. */
export function sendNotice(response: Response, { status, title, text, button }: Notice): void {
  const way =
    button === null
      ? '<p><a href="/">To the console</a></p>'
      : `<form method="post" action="${escapeHtml(button.action)}"><button autofocus>${escapeHtml(button.label)}</button></form>`;
  response
    .status(status)
    .set('Cache-Control', 'no-store')
    .set('Content-Security-Policy', POLICY)
    // With `no-referrer` a browser would send the form without its origin; with this the path, a secret, stays here.
    .set('Referrer-Policy', 'strict-origin')
    .type('html')
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)} · Muster</title><style>${STYLE}</style></head><body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>${way}</main></body></html>`,
    );
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
