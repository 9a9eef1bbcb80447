// Comms of pages that have gone. A page that is closed, or whose browser is
// killed, cannot say so: the kernel would go on feeding its comm, and every page
// of the kernel would get the messages. A browser knows which of its pages are
// there: each holds a lock for its comm, which ends with the page however that
// ends. The next page reads from that which comms the kernel can forget.

/** Where the comms of this browser are noted: comm → kernel. */
const NOTED = 'poolbook:comms';
/** How many are noted at most; kernels end without a word here. */
const MOST = 200;

const lockOf = (comm: string): string => `poolbook:comm:${comm}`;

function noted(): Map<string, string> {
  const text = localStorage.getItem(NOTED);
  return new Map(Object.entries(JSON.parse(text ?? '{}') as object));
}

function note(comms: Map<string, string>): void {
  const last = [...comms].slice(-MOST);
  localStorage.setItem(NOTED, JSON.stringify(Object.fromEntries(last)));
}

/** Notes a comm as long as the page is there, or until the function that is returned is called. */
export function hold(comm: string, kernel: string): () => void {
  let release = (): void => undefined;
  const released = new Promise<void>(resolve => (release = resolve));
  // Pages that come over plain HTTP from another machine have no locks.
  void navigator.locks?.request(lockOf(comm), () => {
    note(noted().set(comm, kernel));
    return released;
  });
  return release;
}

/** The comms to a kernel whose pages have gone. Each is given once. */
export async function gone(kernel: string): Promise<string[]> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  const there = new Set(held.map(lock => lock.name));
  const comms = noted();
  const found = [...comms.keys()].filter(
    comm => comms.get(comm) === kernel && !there.has(lockOf(comm))
  );
  for (const comm of found) comms.delete(comm);
  if (found.length) note(comms);
  return found;
}
