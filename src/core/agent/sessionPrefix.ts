/**
 * What a session would freeze now as the start of its requests: tools, system prompt, project context. One place for the first prompt, a
 * compaction and *Refresh Context*. Appends nothing.
 */
import type { BlobCache } from '../context/loadBlobs.ts';
import { freezePrefix } from '../context/prefix.ts';
import type { ReminderForm } from '../model/modelPort.ts';
import type { EntryDraft } from '../session/entry.ts';
import { loadedTools, toolDefinitions } from '../tools/registry.ts';
import type { ProjectContext, TurnPorts } from './turnTypes.ts';

export type PrefixPorts = Pick<TurnPorts, 'blobs' | 'isOfficialEndpoint' | 'modelInfo' | 'tuning' | 'systemSections'>;

/** Stores the parts. Rejects with what the blob store rejects with. */
export async function prefixNow(
	ports: PrefixPorts,
	project: ProjectContext,
	reminderForm: ReminderForm,
	cache?: BlobCache,
): Promise<EntryDraft<'prefix'>> {
	return await freezePrefix({
		blobs: ports.blobs,
		tools: toolDefinitions(loadedTools),
		toolVersions: Object.fromEntries(loadedTools.map((tool) => [tool.name, tool.version])),
		project,
		...(ports.systemSections === undefined ? {} : { systemSections: ports.systemSections }),
		model: ports.modelInfo(),
		...(ports.tuning === undefined ? {} : { tuning: ports.tuning() }),
		isOfficialEndpoint: ports.isOfficialEndpoint ?? false,
		reminderForm,
		...(cache === undefined ? {} : { cache }),
	});
}
