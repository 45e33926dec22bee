const cards = { good: '4242424242424242', declined: '4000000000000002' };

/** Pays on Stripe's page as a person does: opens it, fills in the form, sends it. */
export async function payOnPage(
  checkoutUrl: string,
  card: keyof typeof cards,
  signal: AbortSignal,
): Promise<'paid' | 'declined'> {
  const page = await fetch(checkoutUrl, { signal });
  const html = await page.text();
  if (!page.ok || !html.includes('name="card_number"')) {
    throw new Error(`the Checkout page answered ${page.status} and has no card form`);
  }
  const { origin, pathname } = new URL(checkoutUrl);
  const action = /<form method="post" action="([^"]+)"/.exec(html)?.[1] ?? pathname;
  const answer = await fetch(new URL(action, origin), {
    method: 'POST',
    redirect: 'manual',
    signal,
    body: new URLSearchParams({
      action: 'pay',
      email: 'buyer@example.com',
      name: 'Sample Buyer',
      payment_method: 'card',
      card_number: cards[card],
      card_expiry: '12/40',
      card_cvc: '123',
    }),
  });
  await answer.body?.cancel();
  if (answer.status === 303 || answer.status === 302) return 'paid';
  if (answer.status === 402) return 'declined';
  throw new Error(`the Checkout page answered ${answer.status} to the payment`);
}
