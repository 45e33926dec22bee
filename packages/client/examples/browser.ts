// A page with a form: url, token, workspace, and a list to show things in.
import { createCnapClient, detailsOf, pages } from '@cnap/client';

const form = document.querySelector('form') ?? document.createElement('form');
const list = document.querySelector('ul') ?? document.createElement('ul');
const show = (text: string): void =>
  list.append(Object.assign(document.createElement('li'), { textContent: text }));

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const field = (name: string): string => String(new FormData(form).get(name) ?? '');
  const cnap = createCnapClient({
    baseUrl: field('url'), // CNAP_CORS_ORIGINS of the platform has the page's origin
    token: field('token'),
    workspaceId: field('workspace'),
    transport: field('protocol') === 'grpc-web' ? 'grpc-web' : 'connect',
  });
  showClusters(cnap).then(
    () => show('done'),
    (error: unknown) => show(`failed: ${String(error)}`),
  );
});

async function showClusters(cnap: ReturnType<typeof createCnapClient>): Promise<void> {
  const { user } = await cnap.users.getCurrentUser({});
  show(`you are ${user?.email}`);
  for await (const { id, name } of pages(cnap.clusters.listClusters, {})) {
    for await (const { cluster } of cnap.clusters.watchCluster({ id })) {
      show(`${name} serves Kubernetes ${cluster?.kubernetesVersion}`);
      break;
    }
  }
  try {
    await cnap.regions.createRegion({ name: '' });
  } catch (error) {
    const details = detailsOf(error);
    show(`refused: ${details?.reason} ${details?.fields.map(({ field }) => field).join()}`);
  }
}
