/** Every IPv4 address that the host itself answers to, kept current while a machine runs. */
import { networkInterfaces } from 'node:os';
import { parseBlock, parseIpv4 } from './ipv4.ts';

/** Longest time for which an address that the host gained is not known yet. */
const REFRESH_AFTER_MS = 1000;

/**
 * Makes a test for "is this address the host's own": addresses of its interfaces, and the network and
 * broadcast addresses of their subnets.
 */
export function createHostAddressTest(
  interfaces: typeof networkInterfaces = networkInterfaces,
  now: () => number = () => performance.now(),
): (address: number) => boolean {
  let addresses = readAddresses(interfaces);
  let readAt = now();
  return (address) => {
    if (now() - readAt > REFRESH_AFTER_MS) {
      addresses = readAddresses(interfaces);
      readAt = now();
    }
    return addresses.has(address);
  };
}

function readAddresses(interfaces: typeof networkInterfaces): ReadonlySet<number> {
  const found = new Set<number>();
  for (const entry of Object.values(interfaces()).flatMap((entries) => entries ?? [])) {
    if (entry.family !== 'IPv4') continue;
    found.add(parseIpv4(entry.address));
    if (entry.cidr === null) continue;
    const subnet = parseBlock(entry.cidr);
    found.add(subnet.base);
    found.add((subnet.base | ~subnet.mask) >>> 0);
  }
  return found;
}
