/** The role that sees all workspaces, which the service's role may take on. */
export const acrossRole = (serviceRole: string): string => `${serviceRole}_across`;
