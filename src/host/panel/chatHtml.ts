/** The pages of the webviews: strict policy, no remote content, one script with a nonce. */
import * as vscode from 'vscode';

export function chatHtml(webview: vscode.Webview, extensionUri: vscode.Uri): string {
	return pageHtml(webview, extensionUri, 'main', 'Retrace');
}

export function searchHtml(webview: vscode.Webview, extensionUri: vscode.Uri): string {
	return pageHtml(webview, extensionUri, 'search', 'Search Sessions');
}

function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri, bundle: string, title: string): string {
	const nonce = crypto.randomUUID().replaceAll('-', '');
	const link = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', 'webview', name));
	const source = webview.cspSource;
	const policy = [
		`default-src 'none'`,
		`script-src 'nonce-${nonce}'`,
		`style-src ${source} 'nonce-${nonce}'`,
		`font-src ${source}`,
		`img-src ${source} data:`,
		`base-uri 'none'`,
		`form-action 'none'`,
	].join('; ');
	return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${link('codicon.css')}">
<link rel="stylesheet" href="${link(`${bundle}.css`)}">
<title>${title}</title>
</head>
<body>
<script type="module" nonce="${nonce}" src="${link(`${bundle}.js`)}"></script>
</body>
</html>`;
}
