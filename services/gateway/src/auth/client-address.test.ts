import { expect, test } from 'vitest';
import { clientAddress, isNetwork, proxiesOf } from './client-address.ts';

const proxies = proxiesOf(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);

test.each([
  ['the peer, when no proxy is trusted', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['whom the proxy saw', '10.1.2.3', '198.51.100.1', '198.51.100.1'],
  [
    'the last that is no proxy: what is before it is anybody’s word',
    '10.1.2.3',
    '1.1.1.1, 198.51.100.1, 192.0.2.7',
    '198.51.100.1',
  ],
  ['IPv4 on an IPv6 socket', '::ffff:10.1.2.3', '198.51.100.1', '198.51.100.1'],
  ['IPv6', 'fd00::1', '2001:db8::5', '2001:db8::5'],
  ['the proxy, when it says nothing', '10.1.2.3', undefined, '10.1.2.3'],
  ['the proxy, when it says nonsense', '10.1.2.3', 'localhost', '10.1.2.3'],
])('%s', (_, peer, forwardedFor, expected) => {
  expect(clientAddress(peer, forwardedFor, proxies)).toBe(expected);
});

test('without proxies, X-Forwarded-For is nobody', () => {
  expect(clientAddress('127.0.0.1', '8.8.8.8', proxiesOf([]))).toBe('127.0.0.1');
});

test('networks are addresses and subnets', () => {
  expect(['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8'].every(isNetwork)).toBe(true);
  expect(['', 'localhost', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/', '::/129'].some(isNetwork)).toBe(false);
});
