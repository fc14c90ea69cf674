/** What `.claude/settings.json`, `.mcp.json` and `.vscode/mcp.json` may hold, as far as Retrace knows it. Other keys are somebody else's. */
import * as z from 'zod';
import type { ContextDocument } from './surroundings.ts';

type Shapes = ReturnType<typeof makeShapes>;
let made: Shapes | undefined;

/** Made when the first of these files is open: they are half of what this process would otherwise hold. */
export function shapes(): Shapes {
	made ??= makeShapes();
	return made;
}

function makeShapes() {
	const texts = z.array(z.string());
	const hook = z.looseObject({
		type: z.enum(['command', 'prompt', 'agent', 'http']),
		command: z.string().optional(),
		timeout: z.number().positive().optional(),
	});
	const hooksOfEvent = z.array(z.looseObject({ matcher: z.string().optional(), hooks: z.array(hook) }));

	const settings = z.looseObject({
		permissions: z
			.looseObject({
				allow: texts.optional().describe('Rules for calls that run without a question.'),
				ask: texts.optional().describe('Rules for calls that are always asked about.'),
				deny: texts.optional().describe('Rules for calls that never run.'),
				defaultMode: z.string().optional().describe('The mode that a session starts in.'),
				additionalDirectories: texts.optional().describe('Folders beside the project that may be worked on.'),
				disableBypassPermissionsMode: z.string().optional(),
			})
			.optional()
			.describe('Rules about what may run: deny comes before ask, ask before allow.'),
		hooks: z.record(z.string(), hooksOfEvent).optional().describe('Programs that run at fixed points of the work.'),
		env: z.record(z.string(), z.string()).optional().describe('Variables of the environment that commands get.'),
		model: z.string().optional().describe('The model that is used.'),
		outputStyle: z.string().optional().describe('How replies are written.'),
		language: z.string().optional().describe('The language of replies.'),
		cleanupPeriodDays: z.number().nonnegative().optional().describe('After how many days old sessions go.'),
		includeCoAuthoredBy: z.boolean().optional().describe('Whether commits name the agent.'),
		enableAllProjectMcpServers: z
			.boolean()
			.optional()
			.describe('Whether all servers of `.mcp.json` start without a question.'),
		enabledMcpjsonServers: texts.optional().describe('Servers of `.mcp.json` that may start.'),
		disabledMcpjsonServers: texts.optional().describe('Servers of `.mcp.json` that do not start.'),
		disableAllHooks: z.boolean().optional().describe('Whether no hook runs.'),
		apiKeyHelper: z.string().optional(),
		statusLine: z.looseObject({}).optional(),
		companyAnnouncements: texts.optional(),
		claudeMdExcludes: texts.optional().describe('Memory files that are left out.'),
	});

	const endpoint = z.looseObject({
		type: z.enum(['http', 'streamable-http', 'sse', 'ws']).describe('How the server is reached.'),
		url: z.string().min(1).describe('Where the server is.'),
		headers: z.record(z.string(), z.string()).optional().describe('Headers that are sent with each request.'),
	});
	const program = z.looseObject({
		type: z.literal('stdio').optional().describe('How the server is reached.'),
		command: z.string().min(1).describe('The program that is started.'),
		args: texts.optional().describe('What it is started with.'),
		env: z.record(z.string(), z.string()).optional().describe('Variables of its environment.'),
	});

	const mcp = z.looseObject({ mcpServers: z.record(z.string(), z.unknown()) });
	const input = z.looseObject({
		id: z.string().min(1),
		type: z.enum(['promptString', 'pickString', 'command']),
		description: z.string().optional(),
		password: z.boolean().optional(),
		default: z.string().optional(),
		options: z.array(z.unknown()).optional(),
	});
	const vscodeMcp = z.looseObject({
		servers: z.record(z.string(), z.unknown()),
		inputs: z.array(input).optional(),
	});
	/** There the address alone says it. */
	const anyEndpoint = endpoint.extend({ type: endpoint.shape.type.optional() });
	return { settings, mcp, vscodeMcp, endpoint, anyEndpoint, program };
}

type FileKind = ContextDocument['kind'];

/** Where the servers stand in a file of this kind. */
export const serversKey = (kind: FileKind): 'servers' | 'mcpServers' =>
	kind === 'vscodeMcp' ? 'servers' : 'mcpServers';
export const mcpFileShape = (kind: FileKind): z.ZodType => (kind === 'vscodeMcp' ? shapes().vscodeMcp : shapes().mcp);

/** One server: a program that is started, or an address. */
export function mcpServerShape(server: unknown, kind: FileKind): z.ZodType {
	const { endpoint, anyEndpoint, program } = shapes();
	if (typeof server !== 'object' || server === null) return program;
	const type = 'type' in server ? server.type : undefined;
	const isAddress = type === undefined ? 'url' in server && !('command' in server) : type !== 'stdio';
	if (!isAddress) return program;
	return kind === 'vscodeMcp' ? anyEndpoint : endpoint;
}

/** What a key of the settings is for, by its place. */
export function aboutKey(path: readonly (string | number)[]): string | undefined {
	return shapeAt(path)?.description;
}

/** The keys that a place in the settings may have. */
export function keysAt(path: readonly (string | number)[]): readonly string[] {
	const shape = whole(shapeAt(path));
	return shape instanceof z.ZodObject ? Object.keys(shape.shape) : [];
}

function shapeAt(path: readonly (string | number)[]): z.ZodType | undefined {
	let shape: unknown = shapes().settings;
	for (const step of path) {
		const outer = whole(shape);
		shape = outer instanceof z.ZodObject ? outer.shape[step] : undefined;
	}
	return shape instanceof z.ZodType ? shape : undefined;
}

const whole = (shape: unknown): unknown => (shape instanceof z.ZodOptional ? shape.unwrap() : shape);
