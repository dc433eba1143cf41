import * as Ariakit from '@ariakit/react';
import { Link } from '@tanstack/react-router';
import { Menu, X } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { PLACES } from './places.ts';

/** The pages, beside the page on a wide screen. */
export function Navigation({ onGo }: { readonly onGo?: () => void }): ReactElement {
  return (
    <nav aria-label="Pages" className="navigation">
      <p className="navigation__mark">
        <img src="/icon.svg" alt="" width="26" height="26" />
        Muster
      </p>
      <ul>
        {PLACES.map((place) => {
          const Icon = place.icon;
          const content = (
            <>
              <Icon aria-hidden />
              {place.name}
            </>
          );
          return (
            <li key={place.path}>
              {place.route === undefined ? (
                <a href={place.path} className="navigation__link">
                  {content}
                </a>
              ) : (
                <Link
                  to={place.route}
                  className="navigation__link"
                  activeOptions={{ exact: place.route === '/', includeSearch: false }}
                  {...(onGo === undefined ? {} : { onClick: onGo })}
                >
                  {content}
                </Link>
              )}
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

/** The same in a drawer, for a narrow screen. */
export function NavigationDrawer(): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const close = (): void => {
    setOpen(false);
  };
  return (
    <>
      <button
        type="button"
        className="button button--plain shell__menu"
        aria-label="Pages"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(true);
        }}
      >
        <Menu aria-hidden />
      </button>
      <Ariakit.Dialog
        open={isOpen}
        onClose={close}
        className="drawer"
        backdrop={<div className="veil" />}
        aria-label="Pages"
      >
        <button
          type="button"
          className="button button--plain drawer__close"
          aria-label="Close"
          onClick={close}
        >
          <X aria-hidden />
        </button>
        <Navigation onGo={close} />
      </Ariakit.Dialog>
    </>
  );
}
