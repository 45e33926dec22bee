// Which registry an image comes from, and how Docker names registries.
// https://github.com/distribution/reference: the first part is a host if it has a dot or a port, or is localhost.

/** Docker Hub, by the name that images leave out. */
const dockerHub = 'docker.io';
const dockerHubKey = 'https://index.docker.io/v1/';
const dockerHubNames = new Set([dockerHub, 'index.docker.io', 'registry-1.docker.io', 'hub.docker.com']);

/** Host and port of the registry of an image. */
export function registryOfImage(image: string): string {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  return isHost ? canonical(first) : dockerHub;
}

/** Host and port of what a person calls a registry: `ghcr.io`, `https://registry.example.com/v2/`; undefined for nonsense. */
export function registryOfUrl(text: string): string | undefined {
  const url = /^https?:\/\//.test(text) ? text : `https://${text}`;
  if (!URL.canParse(url)) return undefined;
  const { host, username, password } = new URL(url);
  return host === '' || username !== '' || password !== '' ? undefined : canonical(host);
}

const canonical = (host: string): string => {
  const name = host.toLowerCase();
  return dockerHubNames.has(name) ? dockerHub : name;
};

/** A sign-in as kubelet takes it. */
export type SignIn = { registryHost: string; username: string; password: string };

/** The content of a Secret of type kubernetes.io/dockerconfigjson; empty without a sign-in. */
export function dockerConfigJson(signIns: SignIn[]): string {
  if (signIns.length === 0) return '';
  const auths = signIns.map(({ registryHost, username, password }) => [
    registryHost === dockerHub ? dockerHubKey : registryHost,
    { username, password, auth: Buffer.from(`${username}:${password}`).toString('base64') },
  ]);
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}
