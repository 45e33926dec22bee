/** What a mail is made of: names and texts, which the template escapes. */
export type MailData = Record<string, string>;

export type Content = {
  subject: string;
  /** Paragraphs. */
  text: string[];
  action?: { label: string; url: string };
  /** Below the action, smaller. */
  note?: string;
};

/** Paragraphs without those that have nothing to say. */
export const paragraphs = (...text: (string | false | undefined)[]): string[] =>
  text.filter((paragraph) => paragraph !== undefined && paragraph !== false && paragraph !== '') as string[];
