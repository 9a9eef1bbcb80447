// What is looked for in a notebook is in view as soon as it is found. JupyterLab
// scrolls to a match only when the next one is asked for.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { NotebookSearchProvider } from '@jupyterlab/notebook';

export const finding: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:finding',
  description: 'Scrolls to the first match.',
  autoStart: true,
  activate: () => {
    const found = NotebookSearchProvider.prototype;
    const { startQuery, highlightNext } = found;
    /** Those that look for a new text just now: their first match is one that a person has asked for. */
    const looking = new WeakSet<NotebookSearchProvider>();
    found.startQuery = async function (this: NotebookSearchProvider, ...query) {
      looking.add(this);
      try {
        await startQuery.apply(this, query);
        // One in an earlier cell is passed over where it stands before that cell's cursor.
        if (this.matchesCount && this.currentMatchIndex === null)
          await this.highlightNext(true, { from: 'start', select: false });
      } finally {
        looking.delete(this);
      }
    };
    found.highlightNext = function (
      this: NotebookSearchProvider,
      loop,
      options
    ) {
      const first = looking.has(this) ? { ...options, scroll: true } : options;
      return highlightNext.call(this, loop, first);
    };
  }
};
