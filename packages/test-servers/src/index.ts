export { eventually, type EventuallyOptions } from './eventually.ts';
export { aloneOnServer, freshDatabase, type Beginning, type FreshDatabase } from './fresh-database.ts';
export { testAdminUrl, testNats, type TestNats } from './server-address.ts';
