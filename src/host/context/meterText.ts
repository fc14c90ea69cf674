/** What the status bar says of the context, in lines for a tooltip. Pure. */
import { plural } from '../../base/text.ts';
import { type ContextMeter, describeMeter, shortTokens } from '../../protocol/contextMeter.ts';

/** Why the meter warns; undefined while there is room. The line comes before the zone: past it something happens. */
export function meterWarning(meter: ContextMeter): string | undefined {
	if (hasLine(meter) && meter.usedTokens >= meter.triggerTokens) return 'Past the line: compaction is due';
	if (hasRotZone(meter) && meter.usedTokens >= meter.rotTokens)
		return 'In the rot zone: models get less attentive from here on';
	return undefined;
}

export function meterLines(meter: ContextMeter): readonly string[] {
	const lines = [`Retrace context: ${describeMeter(meter)}`];
	const warning = meterWarning(meter);
	if (warning !== undefined) lines.push(`${warning}.`);
	for (const { label, tokens } of meter.layers)
		if (tokens > 0) lines.push(`${label}: ${tokens.toLocaleString('en-US')}`);
	if (hasLine(meter))
		lines.push(`Compaction line: ${shortTokens(meter.triggerTokens)} (${toGo(meter, meter.triggerTokens)})`);
	if (hasRotZone(meter)) lines.push(`Rot zone: from ${shortTokens(meter.rotTokens)} (${toGo(meter, meter.rotTokens)})`);
	if (meter.cacheShare !== null) lines.push(`Read from the cache: ${Math.round(100 * meter.cacheShare)} %`);
	const cost = meter.costText ?? `$${meter.costUsd.toFixed(2)}`;
	if (meter.costUsd > 0 || !cost.startsWith('$')) lines.push(`Cost so far: ${cost}`);
	if (meter.turnsLeft !== null) lines.push(`Full in about ${plural(meter.turnsLeft, 'turn')}`);
	return lines;
}

const hasLine = ({ triggerTokens, maxTokens }: ContextMeter): boolean => triggerTokens > 0 && triggerTokens < maxTokens;
const hasRotZone = ({ rotTokens, maxTokens }: ContextMeter): boolean => rotTokens < maxTokens;

function toGo({ usedTokens }: ContextMeter, mark: number): string {
	return usedTokens >= mark ? `${shortTokens(usedTokens - mark)} past it` : `${shortTokens(mark - usedTokens)} to go`;
}
