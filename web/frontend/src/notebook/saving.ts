// Saves of one document one after another, and never over what somebody else has
// saved meanwhile. JupyterLab starts an automatic save while one that was asked
// for is under way, and then takes its own file for one that somebody else has
// changed; what is typed while a save is under way it takes for saved; and when it
// asks what to do with a changed file, each automatic save asks again.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import { DisposableDelegate } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { connection, connectionChanged } from './trouble';

type Context = DocumentRegistry.Context;

/** A version of a file that somebody else has made, or that it is there no more. */
export type Elsewhere = { hash: string } | 'gone';

/** What is known of a document's file that this page has not made. */
const foreign = new WeakMap<Context, Elsewhere>();

/** Files whose overwriting has been asked for. */
const allowed = new WeakMap<Context, string>();

const changed = new Signal<object, Context>({});

/** Tells that a document's file has another version than the page's, or not any more. */
export const foreignChanged = changed;

/** The version of a document's file that somebody else has made, if there is one. */
export function foreignVersion(context: Context): Elsewhere | undefined {
  return foreign.get(context);
}

/** Notes a version that somebody else has made; undefined when the page has it now. */
export function setForeign(context: Context, version?: Elsewhere): void {
  const before = foreign.get(context);
  if (JSON.stringify(before) === JSON.stringify(version)) return;
  if (version) foreign.set(context, version);
  else foreign.delete(context);
  changed.emit(context);
}

/** Lets the next saves overwrite a version that was seen. */
export function allow(context: Context, version: Elsewhere): void {
  allowed.set(context, version === 'gone' ? 'gone' : version.hash);
  setForeign(context);
}

/** What tells one version of a file from another. */
export function versionOf(
  model: Pick<Contents.IModel, 'hash' | 'last_modified'>
): string {
  return model.hash ?? model.last_modified;
}

/** Asks the server which version a document's file has; undefined when it is the page's own. */
export async function look(
  contents: Contents.IManager,
  context: Context
): Promise<Elsewhere | undefined> {
  const own = context.contentsModel;
  if (!own) return undefined;
  try {
    const model = await contents.get(context.path, {
      content: false,
      hash: true
    });
    const known = context.contentsModel ?? own;
    const same = known.hash
      ? known.hash === model.hash
      : Date.parse(model.last_modified) - Date.parse(known.last_modified) < 500;
    return same ? undefined : { hash: versionOf(model) };
  } catch (error) {
    const status = (error as { response?: Response }).response?.status;
    if (status === 404) return 'gone';
    throw error;
  }
}

/** An error that JupyterLab takes for a save that a person has called off: it says nothing about it. */
function calledOff(): Error {
  const error = new Error('The document was not saved.');
  error.name = 'ModalCancelError';
  return error;
}

/** Makes the saves of a document wait for each other. */
function inTurn(contents: Contents.IManager, context: Context): void {
  const { model } = context;
  const save = context.save.bind(context);
  let before: Promise<void> = Promise.resolve();
  let touched = false;
  const touch = (): void => void (touched = true);
  context.saveState.connect((_, state) => {
    // The content is taken right after this is said.
    if (state === 'started') model.contentChanged.connect(touch);
    else model.contentChanged.disconnect(touch);
  });
  const check = async (): Promise<void> => {
    let version: Elsewhere | undefined;
    try {
      version = await look(contents, context);
    } catch {
      throw calledOff(); // what is wrong with the server is said above the document
    }
    const seen = version === 'gone' ? 'gone' : version?.hash;
    if (!version || allowed.get(context) === seen) {
      setForeign(context);
      // JupyterLab compares too, with what it knows.
      const { _contentsModel: own } = context as unknown as {
        _contentsModel: { hash?: string } | null;
      };
      if (version && version !== 'gone' && own) own.hash = version.hash;
      return;
    }
    setForeign(context, version);
    throw calledOff();
  };
  const one = async (): Promise<void> => {
    if (context.isDisposed) return;
    touched = false;
    if (context.isReady) await check();
    await save();
    allowed.delete(context);
    if (touched && !context.isDisposed) model.dirty = true;
  };
  context.save = () => {
    // One that fails is the matter of who asked for it.
    const turn = before.catch(() => undefined).then(one);
    before = turn;
    return turn;
  };
  // What could not be saved is saved when it can be.
  connectionChanged.connect((_, state) => {
    if (state === 'good' && !context.isDisposed && model.dirty)
      void context.save().catch(() => undefined);
  });
  // Automatic saves wait until it is clear whose version is to stay.
  const can = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(context),
    'canSave'
  )?.get;
  Object.defineProperty(context, 'canSave', {
    get: () =>
      (can ? Boolean(can.call(context)) : true) &&
      connection() === 'good' &&
      !foreign.has(context)
  });
}

/** Which kinds of documents this is for. */
export const FACTORIES = ['Notebook', 'Editor'];

export const saving: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:saving',
  description: 'Saves a document one save after another.',
  autoStart: true,
  requires: [IDocumentManager],
  activate: (app, documents: IDocumentManager) => {
    const known = new WeakSet<Context>();
    const { contents } = app.serviceManager;
    for (const factory of FACTORIES) {
      app.docRegistry.addWidgetExtension(factory, {
        createNew: (_widget, context) => {
          if (!known.has(context)) {
            known.add(context);
            inTurn(contents, context);
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
          if (!context || context.isDisposed) return;
          const version = foreign.get(context);
          if (version) return changedElsewhere(context);
          if (context.model.dirty && context.canSave) return context.save();
        },
        () => undefined
      );
    });
    const changedElsewhere = async (context: Context): Promise<void> => {
      const { resolve } = await import('./difference');
      await resolve(contents, context);
    };
    app.commands.addCommand('poolbook:changed-elsewhere', {
      label: 'See What Was Changed Elsewhere',
      describedBy: { args: null },
      isEnabled: () => {
        const widget = app.shell.currentWidget;
        const context = widget && documents.contextForWidget(widget);
        return Boolean(context && foreign.has(context));
      },
      execute: async () => {
        const widget = app.shell.currentWidget;
        const context = widget && documents.contextForWidget(widget);
        if (context) await changedElsewhere(context);
      }
    });
  }
};
