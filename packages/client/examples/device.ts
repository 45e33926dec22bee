// A command-line program, with no token yet.
import { createCnapClient, signOut, startDeviceSignIn } from '@cnap/client';

const baseUrl = process.env['CNAP_URL'] ?? 'http://127.0.0.1:8080';

const signIn = await startDeviceSignIn({ baseUrl });
console.log(`Open ${signIn.verificationUri} and enter ${signIn.userCode}`);
const { token } = await signIn.signedIn(AbortSignal.timeout(15 * 60_000));

const { user } = await createCnapClient({ baseUrl, token }).users.getCurrentUser({});
console.log(`you are ${user?.email}`);
await signOut({ baseUrl }, token);
