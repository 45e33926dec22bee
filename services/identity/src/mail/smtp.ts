import type { Transporter } from 'nodemailer';

/** A mail as it goes out. */
export type OutgoingMail = { id: string; to: string; subject: string; text: string; html: string };

/** Sends a mail; throws `MailRefused` when the server will never take it, and anything else to be tried again. */
export type SendMail = (mail: OutgoingMail) => Promise<void>;

export class MailRefused extends Error {
  override name = 'MailRefused';
}

const timeoutMs = 20_000;

/** Over SMTP. The library is loaded with the first mail. */
export function openSmtp({ url, from }: { url: string; from: string }): SendMail & Disposable {
  let transport: Promise<Transporter> | undefined;
  const open = async (): Promise<Transporter> => {
    const { createTransport } = await import('nodemailer');
    return createTransport({
      url,
      pool: true,
      maxConnections: 3,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  };
  const domain = from.match(/@([^>\s]+)/)?.[1] ?? 'localhost';
  const send: SendMail = async ({ id, to, subject, text, html }) => {
    transport ??= open();
    try {
      await (
        await transport
      ).sendMail({
        from,
        // As an object it is one address, whatever is in it.
        to: { name: '', address: to },
        subject,
        text,
        html,
        // The same for each try: a server or reader can tell that it has the mail.
        messageId: `<${id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
    } catch (error) {
      const code = (error as { responseCode?: number }).responseCode ?? 0;
      if (code >= 500) throw new MailRefused(`the mail server answers ${code}`, { cause: error });
      throw error;
    }
  };
  return Object.assign(send, {
    [Symbol.dispose]: () => void transport?.then((opened) => opened.close()).catch(() => undefined),
  });
}
