/** The services and further tools that the turns of one session have in this window. */
import * as vscode from 'vscode';
import type { TurnPorts } from '../../core/agent/turnTypes.ts';
import { searchWeb } from '../../core/agent/webSearch.ts';
import { hiddenFromSearch } from '../../core/permission/protectedPaths.ts';
import type { LateTools } from '../../core/tools/lateTools.ts';
import type { ToolServices } from '../../core/tools/services.ts';
import type { Browsers } from '../../core/web/browserPort.ts';
import type { OutsideWorld } from '../agentTypes.ts';
import { askingServices } from '../asking/askingServices.ts';
import { editorTools } from '../editor/editorTools.ts';
import { createSymbols } from '../editor/symbolsPort.ts';
import type { ModelChoice } from '../model/modelChoice.ts';
import { sandboxFor } from '../permission/sandbox.ts';
import type { CustomCommands } from '../prompt/customCommands.ts';
import { setting } from '../settings.ts';
import { type AgentRunsWorld, subagentsOf } from './agentRuns.ts';
import { type BackgroundRunsWorld, backgroundOf } from './backgroundRuns.ts';
import type { OpenSession } from './openSession.ts';

/** What the services of every session are made of. */
export type ServiceWorld = AgentRunsWorld &
	BackgroundRunsWorld & {
		readonly choice?: ModelChoice;
		readonly browsers?: Browsers;
		readonly customCommands?: Pick<CustomCommands, 'skills'>;
		readonly outside?: Pick<OutsideWorld, 'web' | 'agentFiles' | 'shell' | 'shellGrammar' | 'sandbox' | 'homeFolder'>;
	};

const symbols = createSymbols();

/** `ports` are those of a turn of the session, for the agents that work for it. */
export function servicesFor(open: OpenSession, world: ServiceWorld, ports: () => TurnPorts): ToolServices {
	const { outside, browsers, customCommands } = world;
	const subagents = subagentsOf(open, world, ports);
	const background = backgroundOf(open, world, () => ports().scanner);
	return {
		sessionId: open.session.id,
		secretFiles: () => hiddenFromSearch(ports().rules()),
		symbols,
		...(background === undefined ? {} : { background }),
		...askingServices(open),
		...(customCommands === undefined ? {} : { skills: customCommands.skills }),
		...(subagents === undefined ? {} : { subagents }),
		...(outside === undefined ? {} : { web: outside.web }),
		...(outside === undefined ? {} : { sandbox: sandboxFor({ outside }, () => ports().workspace.roots) }),
		...(browsers === undefined ? {} : { browser: browsers.of(open.session.id) }),
		...searchOf(open, world.choice),
	};
}

/** Where the endpoint says that it searches the web, or is Anthropic's own. */
function searchOf({ session }: OpenSession, choice: ModelChoice | undefined): Pick<ToolServices, 'webSearch'> {
	if (!choice) return {};
	const model = choice.smallModelFor(session.model);
	if (!choice.isOfficialEndpoint && choice.infoFor(model).searchesWeb !== true) return {};
	if (!choice.takes(model, 'webSearch')) return {};
	const caller = { session: session.id, kind: 'turn' } as const;
	return {
		webSearch: { search: (query, signal) => searchWeb(choice.streamModel(caller), model, query, signal) },
	};
}

const ofTheEditor = editorTools(
	() => vscode.lm,
	() => setting('tools.vscode'),
);

/** With the tools of other extensions that the user chose. */
export function lateToolsOf(sources: readonly LateTools[] = []): LateTools {
	return joinLateTools([...sources, ofTheEditor]);
}

/** All sources as one, in their order. Of tools with the same name the first one counts. */
function joinLateTools(sources: readonly LateTools[]): LateTools {
	return {
		settle: async (signal) => (await Promise.all(sources.map((source) => source.settle?.(signal) ?? []))).flat(),
		list() {
			const tools = sources.flatMap((source) => source.list());
			const firsts = new Map(tools.toReversed().map((tool) => [tool.name, tool]));
			return tools.filter((tool) => firsts.get(tool.name) === tool);
		},
	};
}
