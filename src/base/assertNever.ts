/** Fails to compile where a union gained a member that a switch forgot; throws if one arrives at run time. */
export function assertNever(value: never): never {
	throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
