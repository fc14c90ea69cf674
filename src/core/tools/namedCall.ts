/** A call as it is meant: of the tool that CallTool names, with its input under the tool's own names. Pure. */
import { callTool } from './lateTools.ts';
import { mendInput } from './mendInput.ts';
import { findTool } from './registry.ts';

/** Any other call is itself. */
export function namedCall<Call extends { readonly name: string; readonly input: unknown }>(call: Call): Call {
	const named =
		call.name === callTool.name ? callTool.input.safeParse(mendInput(callTool, call.input)).data : undefined;
	const meant = named ? { ...call, name: named.name, input: named.input } : call;
	const tool = findTool(meant.name);
	const input = tool ? mendInput(tool, meant.input) : meant.input;
	return input === meant.input ? meant : { ...meant, input };
}
