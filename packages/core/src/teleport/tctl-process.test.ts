import { expect, test } from 'vitest';
import { tctlEnvironment } from './tctl-process.ts';

test('tctl gets what it needs to find its files and its cluster', () => {
  const own = {
    PATH: '/usr/bin',
    HOME: '/home/muster',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    SSL_CERT_FILE: '/etc/ca.pem',
    https_proxy: 'http://proxy:3128',
    NO_PROXY: '.internal',
    TELEPORT_HOME: '/var/lib/tsh',
    TELEPORT_PROXY: 'teleport.example.com:443',
  };

  expect(tctlEnvironment(own)).toEqual({ ...own, TELEPORT_TOOLS_VERSION: 'off' });
});

test.each([
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'aws_access_key_id',
  'REDIS_URL',
  'MUSTER_CONSOLE_PASSWORD',
  'NODE_OPTIONS',
  'LD_PRELOAD',
  'GITHUB_TOKEN',
  'TELEPORT_AUTH_TOKEN',
  'TELEPORT_JOIN_SECRET',
  'HOMEBREW_PREFIX',
])('tctl does not see %s', (name) => {
  expect(tctlEnvironment({ [name]: 'value' })).toEqual({ TELEPORT_TOOLS_VERSION: 'off' });
});

test('tctl never updates itself, whatever the process was started with', () => {
  expect(tctlEnvironment({ TELEPORT_TOOLS_VERSION: '18.7.0' })).toEqual({ TELEPORT_TOOLS_VERSION: 'off' });
});
