// What others do with the files that are open here: another tab of this browser
// says so at once, of the rest the server is asked when the page is looked at and
// from time to time. A document without changes of its own is loaded anew.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { DisposableDelegate } from '@lumino/disposable';
import type { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import { FACTORIES, look, setForeign } from './saving';
import { connection } from './trouble';

type Context = DocumentRegistry.Context;

/** How often the server is asked while the page is seen, in ms. */
const EVERY = 10_000;

/** What tabs tell each other. */
type News =
  | { kind: 'saved'; path: string }
  | { kind: 'renamed'; from: string; to: string };

/** Whether a notebook waits for outputs, which loading it would cut off. */
function isRunning(widget: Widget): boolean {
  if (!(widget instanceof NotebookPanel)) return false;
  const prompts = widget.node.querySelectorAll('.jp-CodeCell .jp-InputPrompt');
  return [...prompts].some(prompt => prompt.textContent?.includes('*'));
}

/** Loads the file of a document, and leaves the reader where he was. */
async function reload(widget: Widget, context: Context): Promise<void> {
  const scroller = widget.node.querySelector<HTMLElement>(
    '.jp-WindowedPanel-outer'
  );
  const top = scroller?.scrollTop ?? 0;
  const notebook = widget instanceof NotebookPanel ? widget.content : undefined;
  const active = notebook?.activeCellIndex ?? 0;
  await context.revert();
  setForeign(context);
  if (notebook)
    notebook.activeCellIndex = Math.min(active, notebook.widgets.length - 1);
  if (scroller) scroller.scrollTop = top;
}

export const elsewhere: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:elsewhere',
  description: 'Follows what others do with the files that are open.',
  autoStart: true,
  activate: app => {
    const { contents } = app.serviceManager;
    const open = new Map<Context, Widget>();
    const busy = new Set<Context>();
    const tabs =
      typeof BroadcastChannel === 'undefined'
        ? undefined
        : new BroadcastChannel('poolbook:files');

    const check = async (context: Context, widget: Widget): Promise<void> => {
      if (busy.has(context) || !context.isReady || connection() !== 'good')
        return;
      busy.add(context);
      try {
        const before = context.contentsModel?.hash;
        const version = await look(contents, context);
        // Saved or loaded while the server was asked: it was asked about another version.
        if (context.isDisposed || context.contentsModel?.hash !== before)
          return;
        if (!version) setForeign(context);
        else if (version === 'gone' || context.model.dirty)
          setForeign(context, version);
        else if (!isRunning(widget)) await reload(widget, context);
      } catch {
        // What is wrong with the server is said elsewhere; it is asked again.
      } finally {
        busy.delete(context);
      }
    };
    const checkAll = (path?: string): void => {
      for (const [context, widget] of open)
        if (path === undefined || context.path === path)
          void check(context, widget);
    };

    let told = false;
    tabs?.addEventListener('message', ({ data }: MessageEvent<News>) => {
      if (data.kind === 'saved') return checkAll(data.path);
      // As if it had been renamed here: documents, their sessions and the file browser follow.
      told = true;
      (
        contents.fileChanged as Signal<Contents.IManager, Contents.IChangedArgs>
      ).emit({
        type: 'rename',
        oldValue: { path: data.from },
        newValue: { path: data.to }
      });
      told = false;
    });
    contents.fileChanged.connect((_, { type, oldValue, newValue }) => {
      if (told || type !== 'rename' || !oldValue?.path || !newValue?.path)
        return;
      const news: News = {
        kind: 'renamed',
        from: oldValue.path,
        to: newValue.path
      };
      tabs?.postMessage(news);
    });

    for (const factory of FACTORIES) {
      app.docRegistry.addWidgetExtension(factory, {
        createNew: (widget, context) => {
          open.set(context, widget);
          context.saveState.connect((_, state) => {
            const news: News = { kind: 'saved', path: context.path };
            if (state === 'completed') tabs?.postMessage(news);
          });
          return new DisposableDelegate(() => {
            if (open.get(context) === widget) open.delete(context);
          });
        }
      });
    }
    const seen = (): void => {
      if (!document.hidden) checkAll();
    };
    document.addEventListener('visibilitychange', seen);
    window.addEventListener('focus', seen);
    setInterval(seen, EVERY);
  }
};
