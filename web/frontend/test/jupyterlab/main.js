// Everything is shared with extensions, so it is fetched only after the shared
// packages are known.
void import('./start');
