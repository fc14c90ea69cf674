/** What the user set about a proxy between this machine and the web, as VS Code has it. Types only. */
export type ProxySettings = {
	/** The user wants none, whatever the environment says. */
	readonly isOff: boolean;
	/** Empty: as the environment says. */
	readonly url: string;
	/** Hosts that are reached without it: `host`, `.suffix`, `*.suffix`, each with a port or not; `*` is all. */
	readonly noProxy: readonly string[];
	/** For its header `proxy-authorization`; empty without one. */
	readonly authorization: string;
};
