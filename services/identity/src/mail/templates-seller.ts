import { paragraphs, type Content, type MailData } from './content.ts';

const note = 'You get this as an owner or admin of the workspace.';

/** Mails to sellers about what they sell with: clusters and their Stripe account. */
export const sellerTemplates = {
  'cluster-unreachable': ({ cluster = '', region = '', message = '', url = '' }: MailData): Content => ({
    subject: `Cluster ${cluster} cannot be reached`,
    text: paragraphs(
      'Hello,',
      `The cluster ${cluster} in ${region} cannot be reached.`,
      message,
      'What runs on it may well go on; nothing can be changed there, or sold on it, until it is back.',
    ),
    action: { label: 'Look at the cluster', url },
    note,
  }),
  'cluster-recovered': ({ cluster = '', region = '', url = '' }: MailData): Content => ({
    subject: `Cluster ${cluster} is back`,
    text: [
      'Hello,',
      `The cluster ${cluster} in ${region} can be reached again. What waited for it goes on by itself.`,
    ],
    action: { label: 'Look at the cluster', url },
    note,
  }),
  'payouts-disabled': ({ canCharge = '', url = '' }: MailData): Content => ({
    subject: 'Stripe has stopped your payouts',
    text: [
      'Hello,',
      canCharge === ''
        ? 'Stripe pays nothing out to you any more, and takes no payments for you: your products cannot be bought.'
        : 'Stripe pays nothing out to you any more. Payments are still taken.',
      'What Stripe wants to know of you stands in its dashboard.',
    ],
    action: { label: 'Open the dashboard', url },
    note,
  }),
} satisfies Record<string, (data: MailData) => Content>;
