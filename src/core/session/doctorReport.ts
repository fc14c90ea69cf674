/** The doctor's report as Markdown, worst first. Pure; changes nothing and offers nothing: the commands do. */
import type { Finding, Remedy, Severity } from './findings.ts';
import { wordsOf } from './findings.ts';
import type { ExaminedLog, StoreExamination } from './storeExamination.ts';

const SEVERITIES: readonly { readonly severity: Severity; readonly heading: string }[] = [
	{ severity: 'error', heading: 'Cannot be read' },
	{ severity: 'warning', heading: 'Not as it should be' },
	{ severity: 'info', heading: 'Good to know' },
];
const OFFERS: Readonly<Record<Remedy, string>> = {
	salvage: 'Salvage into a copy',
	rebuildIndex: 'Rebuild index',
	trash: 'Move to trash',
	none: '',
};

/** `problems` are of the machine, as sentences. */
export function renderReport(examination: StoreExamination, problems: readonly string[] = []): string {
	const { folder, logs, blobs, durationMs } = examination;
	const sizeBytes = logs.reduce((sum, log) => sum + log.sizeBytes, 0);
	const rows = rowsOf(examination);
	const lines = [
		'# Retrace: Doctor',
		'',
		`${counted(logs.length, 'log')} (${sizeText(sizeBytes)}) and ${counted(blobs.count, 'stored content')} (${sizeText(blobs.sizeBytes)}, ${blobs.checked} checked against their hash) in ${(durationMs / 1000).toFixed(1)} s. Nothing was changed.`,
		'',
		`Store: ${code(folder)}`,
		'',
		...(rows.some((row) => row.severity !== 'info') ? [] : ['**Everything can be read.** No problem was found.', '']),
	];
	if (problems.length > 0)
		lines.push('## On this machine', '', ...problems.map((problem) => `- ${escaped(problem)}`), '');
	for (const { severity, heading } of SEVERITIES) {
		const found = rows.filter((row) => row.severity === severity);
		if (found.length === 0) continue;
		lines.push(`## ${heading}`, '');
		for (const kind of new Set(found.map((row) => row.finding.kind))) {
			const { title, meaning, remedy } = wordsOf(kind);
			lines.push(`### ${title}`, '', meaning, '');
			if (OFFERS[remedy] !== '') lines.push(`Offered: **${OFFERS[remedy]}**`, '');
			for (const row of found) if (row.finding.kind === kind) lines.push(`- ${place(row.log)}${amount(row.finding)}`);
			lines.push('');
		}
	}
	return `${lines.join('\n').trimEnd()}\n`;
}

/** Logs that the remedy would help. */
export function logsFor(remedy: Remedy, examination: StoreExamination): readonly ExaminedLog[] {
	return examination.logs.filter(
		(log) => log.place !== 'agent' && log.findings.some((finding) => wordsOf(finding.kind).remedy === remedy),
	);
}

/** One line for a message: what was found, in numbers. */
export function summaryOf(examination: StoreExamination): string {
	const count = (severity: Severity) =>
		rowsOf(examination)
			.filter((row) => row.severity === severity)
			.reduce((sum, row) => sum + row.finding.count, 0);
	const [errors, warnings] = [count('error'), count('warning')];
	if (errors + warnings === 0) return `Everything can be read: ${counted(examination.logs.length, 'log')}, no problem.`;
	return `${counted(errors, 'damage')} and ${counted(warnings, 'smaller problem')} in ${counted(examination.logs.length, 'log')}. Nothing was changed.`;
}

type Row = { readonly severity: Severity; readonly finding: Finding; readonly log: ExaminedLog | undefined };

function rowsOf(examination: StoreExamination): readonly Row[] {
	const row = (finding: Finding, log: ExaminedLog | undefined): Row => ({
		severity: wordsOf(finding.kind).severity,
		finding,
		log,
	});
	return [
		...examination.logs.flatMap((log) => log.findings.map((finding) => row(finding, log))),
		...examination.store.map((finding) => row(finding, undefined)),
	];
}

function place(log: ExaminedLog | undefined): string {
	if (!log) return '';
	const title = log.title === '' ? 'without a name' : `“${escaped(log.title)}”`;
	const where = log.place === 'trash' ? ', in the trash' : log.place === 'agent' ? ', of a subagent' : '';
	return `${title}${where} (${code(log.path)}, ${sizeText(log.sizeBytes)}): `;
}

function amount({ count, lineNumbers, detail }: Finding): string {
	const more = count > lineNumbers.length ? ' …' : '';
	const lines =
		lineNumbers.length > 0 ? `, ${lineNumbers.length === 1 ? 'line' : 'lines'} ${lineNumbers.join(', ')}${more}` : '';
	return `${count}${lines}${detail ? ` (${escaped(detail)})` : ''}`;
}

const counted = (count: number, word: string): string =>
	`${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
const code = (text: string): string => `\`${text.replaceAll('`', '')}\``;
/** Titles are a user's or a model's words: they must not become links or headings. */
const escaped = (text: string): string =>
	text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_[\]<>#|!]/g, (one) => `\\${one}`);

function sizeText(bytes: number): string {
	if (bytes < 1024) return `${bytes} bytes`;
	const kb = bytes / 1024;
	return kb < 1024 ? `${kb.toFixed(1)} KB` : `${(kb / 1024).toFixed(1)} MB`;
}
