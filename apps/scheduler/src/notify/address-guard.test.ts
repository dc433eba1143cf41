import type { lookup } from 'node:dns';
import { expect, test } from 'vitest';
import {
  guardedLookup,
  isPublicAddress,
  PrivateAddressError,
  refusePrivateLiteral,
} from './address-guard.ts';

test.each([
  '127.0.0.1',
  '127.9.9.9',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  'fd00:ec2::254',
  'fe80::1',
  'ff02::1',
  '2001:db8::1',
  'no address',
])('%s is no address that a message is sent to', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(['8.8.8.8', '52.94.236.248', '::ffff:8.8.8.8', '2600:1f18::1'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each(['127.0.0.1', '[::1]', '169.254.169.254', '[::ffff:7f00:1]'])(
  'a URL with the address %s is refused without a lookup',
  (host) => {
    expect(() => {
      refusePrivateLiteral(host);
    }).toThrow(PrivateAddressError);
  },
);

/** A name server that gives these. */
function resolverOf(...addresses: readonly string[]): typeof lookup {
  const resolve = (
    _host: string,
    _options: object,
    callback: (...args: readonly unknown[]) => void,
  ): void => {
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return resolve as typeof lookup;
}

function resolved(all: boolean, ...addresses: readonly string[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    guardedLookup(resolverOf(...addresses))('hook.example.com', { all }, (error, address) => {
      if (error === null) resolve(address);
      else reject(error);
    });
  });
}

test('a name is refused when one of its addresses is not public, and is else connected to those that were judged', async () => {
  await expect(resolved(true, '8.8.8.8', '127.0.0.1')).rejects.toThrow('hook.example.com is at 127.0.0.1');
  await expect(resolved(false, '169.254.169.254')).rejects.toBeInstanceOf(PrivateAddressError);
  await expect(resolved(true)).rejects.toThrow('has no address');
  expect(await resolved(true, '8.8.8.8')).toEqual([{ address: '8.8.8.8', family: 4 }]);
  expect(await resolved(false, '8.8.8.8')).toBe('8.8.8.8');
});
