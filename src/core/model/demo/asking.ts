/** What the demo model does to ask, to plan, to keep tasks and to use a skill. Generators as in `script.ts`. */
import { planOutcomeOf } from '../../tools/plan.ts';
import type { Instruction } from './instructions.ts';

type Act = {
	readonly say: string;
	readonly call: { readonly name: string; readonly input: Readonly<Record<string, unknown>> };
};
type Script<T> = Generator<Act, T, { readonly isError: boolean; readonly text: string }>;
type Of<K extends Instruction['kind']> = Extract<Instruction, { kind: K }>;

export function* askUser({ question, options }: Of<'ask'>): Script<string> {
	const input = {
		questions: [{ header: 'Question', question, options: options.map((label) => ({ label })) }],
	};
	const answer = yield { say: 'I have a question.', call: { name: 'AskUser', input } };
	const words = /^Answer: ([\s\S]*)$/m.exec(answer.text)?.[1];
	return words === undefined ? firstLine(answer.text) : `You answered: ${words}.`;
}

export function* keepTasks({ tasks }: Of<'tasks'>): Script<string> {
	const list = tasks.map((text, index) => ({ text, state: index === 0 ? 'active' : 'pending' }));
	const answer = yield { say: 'I write the tasks down.', call: { name: 'TaskList', input: { tasks: list } } };
	return firstLine(answer.text);
}

export function* useSkill({ name, argument }: Of<'skill'>): Script<string> {
	const input = { name, ...(argument === undefined ? {} : { arguments: argument }) };
	const answer = yield {
		say: `I load the skill \`${name}\`.`,
		call: { name: 'CallTool', input: { name: 'Skill', input } },
	};
	return answer.isError ? answer.text : `The skill says:\n\n${answer.text.replace(/^.*\n\n/, '')}`;
}

/** The steps that were agreed on, or what to say instead. */
export function* agreeOnPlan({ steps }: Of<'plan'>): Script<{ readonly steps?: string; readonly say: string }> {
	yield { say: 'I plan this first.', call: { name: 'Plan', input: { action: 'enter' } } };
	const plan = `# Plan\n\n1. ${steps}`;
	const answer = yield { say: 'This is my plan.', call: { name: 'Plan', input: { action: 'present', plan } } };
	const outcome = planOutcomeOf(answer.text);
	if (outcome?.kind !== 'accepted') return { say: answer.isError ? firstLine(answer.text) : 'I keep planning.' };
	const agreed = outcome.changedPlan ?? plan;
	const items = agreed.split('\n').flatMap((line) => /^\s*(?:\d+[.)]|[-*])\s+(.*)$/.exec(line)?.[1] ?? []);
	return { steps: items.join('\n'), say: 'The plan is carried out.' };
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
