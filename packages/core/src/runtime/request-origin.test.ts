import { expect, test } from 'vitest';
import { acceptsHost, isCrossSite, isLoopback } from './request-origin.ts';

test.each(['127.0.0.1', '127.0.0.2', 'localhost', '::1', '[::1]', 'LOCALHOST'])(
  '%s is reached from this machine only',
  (host) => {
    expect(isLoopback(host)).toBe(true);
  },
);

test.each(['0.0.0.0', '::', '10.0.0.5', '127.example.com', 'localhost.example.com', ''])(
  '%s may be reached from elsewhere',
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);

test.each(['localhost', '127.0.0.1:9090', '[::1]:9090', '10.0.0.5:9090', 'LOCALHOST:1'])(
  'a listener on 10.0.0.5 is called %s',
  (header) => {
    expect(acceptsHost('10.0.0.5')(header)).toBe(true);
  },
);

test.each(['evil.example.com', '127.0.0.1.example.com:9090', 'localhost@evil', '', undefined])(
  'it is not called %s',
  (header) => {
    expect(acceptsHost('10.0.0.5')(header)).toBe(false);
  },
);

const followed = { mode: 'navigate', destination: 'document' };

test.each([
  ['a program', { site: undefined, mode: undefined, destination: undefined }, false],
  ['our own page', { site: 'same-origin', mode: 'cors', destination: 'empty' }, false],
  ['an address that was typed', { site: 'none', ...followed }, true],
  ['a link that was followed to a page', { site: 'cross-site', ...followed }, true],
])('%s may ask', (_who, metadata, isPage) => {
  expect(isCrossSite(metadata, isPage)).toBe(false);
});

test.each([
  ['a script of another site', { site: 'cross-site', mode: 'cors', destination: 'empty' }, false],
  [
    'a script of another port of this machine',
    { site: 'same-site', mode: 'no-cors', destination: 'empty' },
    true,
  ],
  ['a link that was followed to data', { site: 'cross-site', ...followed }, false],
  ['a frame', { site: 'cross-site', mode: 'navigate', destination: 'iframe' }, true],
  ['an image', { site: 'cross-site', mode: 'no-cors', destination: 'image' }, true],
])('%s may not', (_who, metadata, isPage) => {
  expect(isCrossSite(metadata, isPage)).toBe(true);
});
