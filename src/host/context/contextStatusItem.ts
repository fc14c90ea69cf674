/** The status bar item of the context: how full it is, where the lines are, and a warning colour past them. Measures nothing. */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { type ContextMeter, describeMeter, shortTokens } from '../../protocol/contextMeter.ts';
import { meterLines, meterWarning } from './meterText.ts';

export class ContextStatusItem implements Disposable {
	readonly #store = new DisposableStore();
	readonly #item = this.#store.add(
		vscode.window.createStatusBarItem('retrace.context', vscode.StatusBarAlignment.Right, 90),
	);

	constructor() {
		this.#item.name = 'Retrace Context';
		this.#item.command = 'retrace.showContext';
	}

	show(meter: ContextMeter): void {
		const warning = meterWarning(meter);
		const text = `${shortTokens(meter.usedTokens)} / ${shortTokens(meter.maxTokens)}`;
		this.#item.text = `$(${warning === undefined ? 'dashboard' : 'warning'}) ${text}`;
		this.#item.tooltip = meterLines(meter).join('\n');
		this.#item.backgroundColor =
			warning === undefined ? undefined : new vscode.ThemeColor('statusBarItem.warningBackground');
		const label = [`Context usage: ${describeMeter(meter)}`, ...(warning === undefined ? [] : [warning])].join('. ');
		this.#item.accessibilityInformation = { label, role: 'button' };
		this.#item.show();
	}

	dispose(): void {
		this.#store.dispose();
	}
}
