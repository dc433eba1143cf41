import { BlockList, isIPv6 } from 'node:net';

/**
 * For Express's `trust proxy`: whether an address is one of our own proxies', so that the entry before it in
 * `X-Forwarded-For` is believed. @param proxies addresses and networks, asked for each time
 */
export function trustsProxy(proxies: () => readonly string[]): (address: string) => boolean {
  let known: { readonly of: readonly string[]; readonly list: BlockList } = { of: [], list: new BlockList() };
  return (address) => {
    const now = proxies();
    if (now !== known.of) known = { of: now, list: listOf(now) };
    const bare = address.replace(/^::ffff:(?=\d+\.)/i, '');
    return known.list.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4');
  };
}

function listOf(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of proxies) {
    const [address = '', bits] = text.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
