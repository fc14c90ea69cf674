/** What the doctor finds in a whole store, and what it can do about it. Types only: the port is implemented on the file system. */
import type { SessionId } from '../../base/ids.ts';
import type { Finding } from './findings.ts';

export type ExaminedLog = {
	/** The session it belongs to, by its name. */
	readonly sessionId: SessionId;
	/** `agent` is the log of a subagent. */
	readonly place: 'sessions' | 'trash' | 'agent';
	/** Path below the storage folder. */
	readonly path: string;
	readonly title: string;
	readonly sizeBytes: number;
	readonly entries: number;
	readonly findings: readonly Finding[];
};

export type StoreExamination = {
	readonly folder: string;
	readonly logs: readonly ExaminedLog[];
	/** Findings that belong to no single log. */
	readonly store: readonly Finding[];
	readonly blobs: { readonly count: number; readonly sizeBytes: number; readonly checked: number };
	readonly durationMs: number;
};

export type DoctorProgress = { readonly what: string; readonly share: number };

export type StoreDoctor = {
	/** Reads everything and changes nothing. Rejects with CancelledError. */
	examine(onProgress: (progress: DoctorProgress) => void, signal: AbortSignal): Promise<StoreExamination>;
	/** Writes what can be read of a log into a new session; the log stays as it is. Rejects with UserError or CancelledError. */
	salvage(log: ExaminedLog, signal: AbortSignal): Promise<SalvagedSession>;
	/** Forgets the cache of the list and reads all logs again. */
	rebuildIndex(): Promise<void>;
};

export type SalvagedSession = { readonly id: SessionId; readonly taken: number; readonly leftOut: number };
