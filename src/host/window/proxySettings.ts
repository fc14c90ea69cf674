/** The proxy that the user set in VS Code (`http.proxy` and what belongs to it). Of a workspace's own settings nothing counts. */
import * as vscode from 'vscode';
import type { ProxySettings } from '../../core/web/proxyPort.ts';

export function proxySettings(): ProxySettings {
	const http = vscode.workspace.getConfiguration('http');
	const own = (name: string): unknown => http.inspect<unknown>(name)?.globalValue;
	const textOf = (value: unknown) => (typeof value === 'string' ? value.trim() : '');
	const noProxy = own('noProxy');
	return {
		isOff: own('proxySupport') === 'off',
		url: textOf(own('proxy')),
		noProxy: Array.isArray(noProxy) ? noProxy.filter((one) => typeof one === 'string') : [],
		authorization: textOf(own('proxyAuthorization')),
	};
}
