/** What Stripe's test cards do (https://docs.stripe.com/testing#cards). */
export interface Decline {
  code: string;
  declineCode: string;
  message: string;
}

interface TestCard {
  brand: 'visa' | 'mastercard';
  funding: 'credit' | 'debit';
  /** Refused when entered. */
  refused?: Decline;
  /** Accepted when entered, refused whenever it is charged. */
  refusedWhenCharged?: Decline;
}

export const genericDecline: Decline = {
  code: 'card_declined',
  declineCode: 'generic_decline',
  message: 'Your card was declined.',
};
const declined = (declineCode: string, message: string, code = 'card_declined'): Decline => ({
  code,
  declineCode,
  message,
});

export const testCards: Record<string, TestCard> = {
  '4242424242424242': { brand: 'visa', funding: 'credit' },
  '4000056655665556': { brand: 'visa', funding: 'debit' },
  '5555555555554444': { brand: 'mastercard', funding: 'credit' },
  '4000000000000002': { brand: 'visa', funding: 'credit', refused: genericDecline },
  '4000000000009995': {
    brand: 'visa',
    funding: 'credit',
    refused: declined('insufficient_funds', 'Your card has insufficient funds.'),
  },
  '4000000000000069': {
    brand: 'visa',
    funding: 'credit',
    refused: declined('expired_card', 'Your card has expired.', 'expired_card'),
  },
  '4000000000000127': {
    brand: 'visa',
    funding: 'credit',
    refused: declined('incorrect_cvc', "Your card's security code is incorrect.", 'incorrect_cvc'),
  },
  '4000000000000341': { brand: 'visa', funding: 'credit', refusedWhenCharged: genericDecline },
};
