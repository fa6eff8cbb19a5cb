/** The names of the worker's files, which the build puts here: a long list, loaded once there is nothing else to do. */
export const PIECES = "fathom:pieces";
