/** Which IP addresses are not the public web: this machine, its network, and what only looks like another address. */
import { BlockList, isIP } from 'node:net';

const PRIVATE_V4 = [
	['0.0.0.0', 8],
	['10.0.0.0', 8],
	['100.64.0.0', 10],
	['127.0.0.0', 8],
	// Link-local, with the metadata services of clouds.
	['169.254.0.0', 16],
	['172.16.0.0', 12],
	['192.0.0.0', 24],
	['192.0.2.0', 24],
	['192.88.99.0', 24],
	['192.168.0.0', 16],
	['198.18.0.0', 15],
	['198.51.100.0', 24],
	['203.0.113.0', 24],
	// Multicast, reserved and broadcast.
	['224.0.0.0', 3],
] as const;
const PRIVATE_V6 = [
	['::', 127],
	// NAT64 for local use, and addresses that are never routed.
	['64:ff9b:1::', 48],
	['100::', 64],
	['2001:db8::', 32],
	['fc00::', 7],
	['fe80::', 10],
	['fec0::', 10],
	['ff00::', 8],
] as const;
/** Addresses that carry another one in them. Whoever uses these reaches it in ways that cannot be checked here. */
const TUNNELS_V6 = [
	['64:ff9b::', 96],
	['2001::', 32],
	['2002::', 16],
	// IPv4-compatible, out of use.
	['::', 96],
] as const;

const blocked = new BlockList();
for (const [net, prefix] of PRIVATE_V4) blocked.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [...PRIVATE_V6, ...TUNNELS_V6]) blocked.addSubnet(net, prefix, 'ipv6');

/** Also true for what is no address. IPv4-mapped IPv6 addresses count as the IPv4 address in them. */
export function isPrivateAddress(address: string): boolean {
	const plain = address.replace(/%.*$/, '');
	const family = isIP(plain);
	if (family === 0) return true;
	return blocked.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}
