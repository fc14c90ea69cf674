/**
 * The only file that knows `@vscode/webview-ui-toolkit`: it registers the few elements the panel uses, by tag name.
 * The toolkit is archived; to swap it, define `vscode-button`, `vscode-checkbox`, `vscode-radio` and `vscode-radio-group` here.
 */
import './styleNonce.ts';
import {
	provideVSCodeDesignSystem,
	vsCodeButton,
	vsCodeCheckbox,
	vsCodeRadio,
	vsCodeRadioGroup,
} from '@vscode/webview-ui-toolkit';

/** Registers the elements. Call once, before the first render. */
export function registerControls(): void {
	provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeCheckbox(), vsCodeRadio(), vsCodeRadioGroup());
}
