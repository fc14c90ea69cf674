/** Whether an address is of this machine. Looks at its text alone: a name that merely resolves here does not count. */
export function isLoopbackAddress(address: string): boolean {
	try {
		const { hostname } = new URL(address);
		return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
	} catch {
		return false;
	}
}
