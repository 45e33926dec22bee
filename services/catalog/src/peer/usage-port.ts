/** How many use something, with up to 10 of their ids. */
export type Usage = { count: number; exampleIds: string[] };

/** What installs use; the installer knows. */
export type InstallUsage = {
  ofTemplate(templateId: string, signal: AbortSignal): Promise<Usage>;
  ofProduct(productId: string, signal: AbortSignal): Promise<Usage>;
};

/** What live orders use; billing knows. */
export type OrderUsage = { ofProduct(productId: string, signal: AbortSignal): Promise<Usage> };
