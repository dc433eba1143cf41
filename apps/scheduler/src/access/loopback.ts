import { isOpenConsole } from '@muster/core/config/console-reach';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { Identifier } from './identify.ts';

/** Every program and browser of this machine, where nothing says who may come in: they may look. */
export function onLoopback(settings: () => ConsoleSettings): Identifier {
  return (request) =>
    Promise.resolve(
      isOpenConsole(settings())
        ? {
            kind: 'known',
            csrfToken: null,
            principal: { name: 'this machine', kind: 'loopback', role: 'viewer', ip: request.ip ?? '' },
          }
        : null,
    );
}
