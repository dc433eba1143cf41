import { seededRandom } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import {
  isDocumentName,
  isHostPort,
  isHyphenated,
  isJoinToken,
  isNoProxyList,
  isProxyUrl,
  isScriptName,
} from './alphabets.ts';
import { hostileText } from './hostile-text.fixture.ts';

describe('values that operators really use are accepted', () => {
  test.each(['aws-discovery-iam-token', 'Token_1', 'iam@prod.example'])('join token %s', (text) => {
    expect(isJoinToken(text)).toBe(true);
  });

  test.each(['default-installer', 'preprod-installer', 'rhel_9.installer'])('script name %s', (text) => {
    expect(isScriptName(text)).toBe(true);
  });

  test.each([
    'teleport.example.com',
    'teleport.example.com:443',
    '10.0.0.1:3080',
    '[2001:db8::1]:443',
    'localhost:3080',
  ])('proxy address %s', (text) => {
    expect(isHostPort(text)).toBe(true);
  });

  test.each(['http://proxy:3128', 'https://user:p%40ss@proxy.example.com:8080/', 'http://10.1.2.3'])(
    'HTTP proxy %s',
    (text) => {
      expect(isProxyUrl(text)).toBe(true);
    },
  );

  test.each(['*', '169.254.169.254,.example.com,10.0.0.0/8', '*.internal,[::1]'])(
    'no-proxy list %s',
    (text) => {
      expect(isNoProxyList(text)).toBe(true);
    },
  );

  test.each([
    'AWS-RunShellScript',
    'TeleportDiscoveryInstaller',
    'arn:aws:ssm:eu-west-1:111122223333:document/Install',
  ])('document %s', (text) => {
    expect(isDocumentName(text)).toBe(true);
  });
});

describe('what a shell, curl or SSM would read is refused', () => {
  test.each(['', '-s', 'a b', "a'b", 'a;b', '$(id)', 'a\n', '{{ssm:x}}', 'a/b'])('join token %j', (text) => {
    expect(isJoinToken(text)).toBe(false);
  });

  test.each(['', '..', '.hidden', 'a/b', 'a?b', 'a#b', '-o'])('script name %j', (text) => {
    expect(isScriptName(text)).toBe(false);
  });

  test.each([
    '',
    'https://a',
    'a:0',
    'a:65536',
    'a:b',
    'a/b',
    'a b',
    '-a',
    'user@host',
    'a.example.com:443/x',
  ])('proxy address %j', (text) => {
    expect(isHostPort(text)).toBe(false);
  });

  test.each([
    '',
    'proxy:3128',
    'ftp://a',
    'http://a b',
    "http://a'b",
    'http://a;b',
    'http://{{ssm:x}}',
    'http://$(id)',
  ])('HTTP proxy %j', (text) => {
    expect(isProxyUrl(text)).toBe(false);
  });

  test.each(['a b', 'a,,b', ',a', 'a;b', '$(id)'])('no-proxy list %j', (text) => {
    expect(isNoProxyList(text)).toBe(false);
  });

  test('no accepted value of any alphabet holds a character that ends a word, out of 20,000 hostile texts', () => {
    const random = seededRandom(1);
    const all = [
      isJoinToken,
      isScriptName,
      isHyphenated,
      isHostPort,
      isProxyUrl,
      isNoProxyList,
      isDocumentName,
    ];
    const dangerous = /['"`$\\;|<>(){}\s\p{Cc}]/u;

    const leaked = Array.from({ length: 20_000 }, () => hostileText(random)).filter(
      (text) => dangerous.test(text) && all.some((accepts) => accepts(text)),
    );

    expect(leaked).toEqual([]);
  });
});
