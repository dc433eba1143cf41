import { expect, test } from 'vitest';
import { isLoopback } from './host-check.ts';

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
