// Saves of one document one after another. JupyterLab starts an automatic save
// while one that was asked for is under way, and then takes its own file for one
// that somebody else has changed; and what is typed while a save is under way it
// takes for saved.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { DisposableDelegate } from '@lumino/disposable';

/** Makes the saves of a document wait for each other. */
function inTurn(context: DocumentRegistry.Context): void {
  const { model } = context;
  const save = context.save.bind(context);
  let before: Promise<void> = Promise.resolve();
  let changed = false;
  const change = (): void => void (changed = true);
  context.saveState.connect((_, state) => {
    // The content is taken right after this is said.
    if (state === 'started') model.contentChanged.connect(change);
    else model.contentChanged.disconnect(change);
  });
  const one = async (): Promise<void> => {
    if (context.isDisposed) return;
    changed = false;
    await save();
    if (changed && !context.isDisposed) model.dirty = true;
  };
  context.save = () => {
    // One that fails is the matter of who asked for it.
    const turn = before.catch(() => undefined).then(one);
    before = turn;
    return turn;
  };
}

export const saving: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:saving',
  description: 'Saves a document one save after another.',
  autoStart: true,
  requires: [IDocumentManager],
  activate: (app, documents: IDocumentManager) => {
    const known = new WeakSet<DocumentRegistry.Context>();
    for (const factory of ['Notebook', 'Editor']) {
      app.docRegistry.addWidgetExtension(factory, {
        createNew: (_widget, context) => {
          if (!known.has(context)) {
            known.add(context);
            inTurn(context);
          }
          return new DisposableDelegate(() => undefined);
        }
      });
    }
    // The command does nothing while it is under way for the same document: what
    // has changed since is saved when it is over.
    app.commands.commandExecuted.connect((_, { id, result }) => {
      const widget = app.shell.currentWidget;
      if (id !== 'docmanager:save' || !widget) return;
      const context = documents.contextForWidget(widget);
      void result.then(
        () => {
          if (context && !context.isDisposed && context.model.dirty)
            return context.save();
        },
        () => undefined
      );
    });
  }
};
