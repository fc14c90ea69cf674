// Which addresses are not the public web, in every form they can be written in.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { parseWebUrl } from '../../../src/core/web/webUrl.ts';
import { isPrivateAddress } from '../../../src/node/web/privateAddress.ts';

suite('Private addresses', () => {
	for (const address of [
		'127.0.0.1',
		'127.255.255.254',
		'0.0.0.0',
		'10.1.2.3',
		'100.64.0.1',
		'169.254.169.254',
		'172.16.0.1',
		'172.31.255.255',
		'192.168.1.1',
		'198.18.0.1',
		'224.0.0.1',
		'255.255.255.255',
		'::',
		'::1',
		'::ffff:127.0.0.1',
		'::ffff:a9fe:a9fe',
		'::127.0.0.1',
		'64:ff9b::7f00:1',
		'2002:7f00:1::',
		'fe80::1',
		'fe80::1%eth0',
		'fd00:ec2::254',
		'ff02::1',
		'no address',
	])
		test(`${address} is`, () => assert.equal(isPrivateAddress(address), true));

	for (const address of ['1.1.1.1', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])
		test(`${address} is not`, () => assert.equal(isPrivateAddress(address), false));

	test('an IPv4 address is judged alike when it is mapped', () => {
		fc.assert(fc.property(fc.ipV4(), (address) => isPrivateAddress(address) === isPrivateAddress(`::ffff:${address}`)));
	});

	for (const written of ['2130706433', '0x7f.1', '017700000001', '127.1', '0x7f000001', '[::ffff:7f00:1]', '①②⑦.0.0.1'])
		test(`http://${written}/ is one`, () => {
			const url = parseWebUrl(`http://${written}/`);
			assert.equal(url.kind === 'url' && isPrivateAddress(url.host), true);
		});

	for (const refused of [
		'file:///etc/passwd',
		'ftp://a.b/',
		'data:text/html,x',
		'https://user:word@a.b/',
		'https://user@a.b/',
		'a.b/c',
		'',
	])
		test(`“${refused}” is not opened`, () => assert.equal(parseWebUrl(refused).kind, 'refused'));
});
