const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** What both sides hear of while a state lasts; with what it is about, where it can come again. */
export type Announcement = {
  fact: 'delayed' | 'payment_failed' | 'removal_announced';
  about?: string;
};

export const announcementKey = ({ fact, about }: Announcement): string =>
  about === undefined ? fact : `${fact} ${about}`;

/** What is paid and does not run after so long is late. */
export const delayedMs = 30 * minuteMs;
/** What is not paid is kept for so long. */
const retentionMs = 14 * dayMs;
/** Both sides are told so long before. */
export const announcedBeforeMs = 3 * dayMs;

/** When the install of an order that was suspended then is removed. */
export const removalOf = (suspendedAt: Date): Date => new Date(suspendedAt.getTime() + retentionMs);

export const isAnnounced = ({ announced }: { announced: readonly string[] }, what: Announcement): boolean =>
  announced.includes(announcementKey(what));
