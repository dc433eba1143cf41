import { lookup as resolveName, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Thrown, by way of the connection, where a name leads to an address that no message is sent to. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';

  constructor(host: string, address: string) {
    super(
      `${host} is at ${address}, which is no public address; allow_private of the channel allows it, where it is meant`,
    );
  }
}

/** Whether an address is one of the public Internet: not private, loopback, link-local (AWS's metadata), multicast or reserved. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address in the clothes of IPv6 is judged as what it is.
  return ipaddr.process(address).range() === 'unicast';
}

/** `dns.lookup`, as connections of Node take it. */
type Lookup = (
  host: string,
  options: LookupOptions,
  callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
) => void;

/**
 * Resolves names for a connection, and fails when one of the addresses is not public. The connection is made to the very
 * addresses that were judged: a name that resolves otherwise a moment later changes nothing.
 *
 * @param resolve what resolves names; a test gives its own
 */
export function guardedLookup(resolve: typeof resolveName = resolveName): Lookup {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const wrong = addresses?.find(({ address }) => !isPublicAddress(address));
      const [first] = addresses ?? [];
      if (error !== null) callback(error, []);
      else if (wrong !== undefined) callback(new PrivateAddressError(host, wrong.address), []);
      else if (first === undefined) callback(new Error(`${host} has no address`), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Throws for a host that is written as an address that is not public: no name is resolved for it. */
export function refusePrivateLiteral(host: string): void {
  const address = host.replaceAll(/^\[|\]$/g, '');
  if (isIP(address) !== 0 && !isPublicAddress(address)) throw new PrivateAddressError(host, address);
}
