/** The fewest characters of a password; the service asks for the same. */
export const shortestPassword = 6
