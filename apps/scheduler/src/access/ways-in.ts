import type { Request } from 'express';
import type { ConsoleSettings } from '@muster/core/config/model';
import type { Identifier } from './identify.ts';

/** Whether nothing says who may come in: then only this machine reaches the console, and it reads freely. */
export function isOpen({ password }: Pick<ConsoleSettings, 'password'>): boolean {
  return password === null;
}

/** Every program and browser of this machine, where nothing says who may come in: they may look. */
export function onLoopback(settings: () => ConsoleSettings): Identifier {
  return (request: Request) =>
    Promise.resolve(
      isOpen(settings())
        ? {
            kind: 'known',
            csrfToken: null,
            principal: { name: 'this machine', kind: 'loopback', role: 'viewer', ip: request.ip ?? '' },
          }
        : null,
    );
}
