/** Fills in stripesim's Checkout page with a good card, as a buyer does. */
export async function pay(checkoutUrl: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(checkoutUrl, {
    method: 'POST',
    redirect: 'manual',
    signal,
    body: new URLSearchParams({
      action: 'pay',
      email: 'buyer@example.com',
      name: 'Sample Buyer',
      payment_method: 'card',
      card_number: '4242424242424242',
      card_expiry: '12/40',
      card_cvc: '123',
    }),
  });
  await answer.body?.cancel();
  // The page sends the buyer back to the shop when the money is there.
  if (answer.status !== 303 && answer.status !== 302)
    throw new Error(`the Checkout page answered ${answer.status} to the payment`);
}
