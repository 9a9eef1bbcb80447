// What came before a plugin that is fetched late. JupyterLab's plugins follow
// notebooks from the moment when they are added; those of a late plugin were
// added before, and it is told of them when it begins to listen.
import type { ILabShell } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { ISignal, Slot } from '@lumino/signaling';

/** Notes which slots are connected to a signal from now on. The function it returns ends that and calls them with what was said before. */
export function replay<T, U>(
  signal: ISignal<T, U>,
  sender: T,
  before: () => U[]
): () => void {
  const connect = signal.connect.bind(signal);
  const own = signal as { connect: typeof signal.connect };
  const slots: [Slot<T, U>, unknown][] = [];
  own.connect = (slot: Slot<T, U>, thisArg?: unknown): boolean => {
    const isNew = connect(slot, thisArg);
    if (isNew) slots.push([slot, thisArg]);
    return isNew;
  };
  return () => {
    // The signal's own method is its class's.
    delete (own as Partial<typeof own>).connect;
    for (const [slot, thisArg] of slots)
      for (const value of before()) slot.call(thisArg, sender, value);
  };
}

/** Tells plugins that are activated meanwhile of the notebooks and the document that are there already. */
export async function withPast(
  tracker: INotebookTracker,
  shell: ILabShell,
  activate: () => Promise<unknown>
): Promise<void> {
  const current = () => [{ oldValue: null, newValue: shell.currentWidget }];
  const ends = [
    replay(tracker.widgetAdded, tracker, () => {
      const all: Parameters<Parameters<typeof tracker.forEach>[0]>[0][] = [];
      tracker.forEach(panel => all.push(panel));
      return all;
    }),
    replay(tracker.currentChanged, tracker, () => [tracker.currentWidget]),
    replay(shell.currentChanged, shell, current),
    replay(shell.activeChanged, shell, current)
  ];
  try {
    await activate();
  } finally {
    ends.forEach(end => end());
  }
}
