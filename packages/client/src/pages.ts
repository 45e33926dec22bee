import type { CallOptions } from '@connectrpc/connect';

type Page = { nextPageToken: string };
type ItemOf<R> = { [K in keyof R]-?: R[K] extends readonly (infer Item)[] ? Item : never }[keyof R];

/**
 * Every item of a List method, page by page as they are needed:
 * `for await (const order of pages(client.orders.listOrders, { pageSize: 100 })) …`
 */
export async function* pages<Request extends object, R extends Page>(
  method: (request: Request, options?: CallOptions) => Promise<R>,
  request: Request,
  options?: CallOptions,
): AsyncGenerator<ItemOf<R>, void, undefined> {
  let pageToken = 'pageToken' in request ? String(request.pageToken ?? '') : '';
  for (;;) {
    const page = await method({ ...request, pageToken }, options);
    // The results are field 1 of every List response.
    const items: unknown = Object.values(page).find(Array.isArray);
    yield* items as ItemOf<R>[];
    if (page.nextPageToken === '') return;
    if (page.nextPageToken === pageToken) throw new Error('the list repeats its page token');
    pageToken = page.nextPageToken;
  }
}
