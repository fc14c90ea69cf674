/**
 * The few globals that every JavaScript host has and `lib: es2023` lacks.
 * Included by host-free layers only, so that neither the DOM's nor Node's whole surface leaks in.
 */
interface AbortSignal {
	readonly aborted: boolean;
	readonly reason: unknown;
	throwIfAborted(): void;
	addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
	removeEventListener(type: 'abort', listener: () => void): void;
}
declare const AbortSignal: {
	any(signals: Iterable<AbortSignal>): AbortSignal;
	abort(reason?: unknown): AbortSignal;
};
declare class AbortController {
	readonly signal: AbortSignal;
	abort(reason?: unknown): void;
}
declare class TextEncoder {
	encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
	constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
	decode(bytes: Uint8Array): string;
}
declare class URL {
	constructor(url: string, base?: string);
	readonly href: string;
	readonly origin: string;
	readonly protocol: string;
	readonly hostname: string;
	readonly pathname: string;
}
declare function setTimeout(callback: () => void, delayMs?: number): unknown;
declare function clearTimeout(timer: unknown): void;
