// What was typed and could not be saved stays in the browser: a page that is
// closed while its server is away, or crashes, has it when it is opened again.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { DisposableDelegate } from '@lumino/disposable';
import { served } from '../page';
import { FACTORIES, setForeign, versionOf } from './saving';

/** One document with changes that are not saved. */
interface Draft {
  text: string;
  /** The version of the file that was changed. */
  of: string;
  at: number;
}

const STORE = 'drafts';

/** How long changes may wait to be kept, in ms; a document that takes long to write waits longer. */
const PAUSE = 1000;
const SHARE = 50;

/** The browser's store; rejected where it keeps nothing. */
const database = new Promise<IDBDatabase>((resolve, reject) => {
  if (typeof indexedDB === 'undefined') return reject(new Error('no store'));
  const request = indexedDB.open('poolbook', 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error ?? new Error('no store'));
});
database.catch(() => undefined);

async function store<T>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T>
): Promise<T | undefined> {
  try {
    const db = await database;
    return await new Promise<T>((resolve, reject) => {
      const request = act(db.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('not stored'));
    });
  } catch {
    return undefined; // a private window, or a full disk: the page works without
  }
}

/** Where a document's draft is kept: servers of different folders may have had the same address. */
const keyOf = (path: string): string => `${served}\n${path}`;

function ago(at: number): string {
  const minutes = Math.round((Date.now() - at) / 60_000);
  if (minutes < 1) return 'a moment ago';
  if (minutes < 90) return `${minutes} minutes ago`;
  return new Date(at).toLocaleString('en');
}

/** Brings back what was not saved. */
async function bringBack(context: DocumentRegistry.Context): Promise<void> {
  const key = keyOf(context.path);
  const draft = await store<Draft | undefined>('readonly', s => s.get(key));
  const file = context.contentsModel;
  if (!draft || !file || context.isDisposed || context.model.dirty) return;
  const own = context.model.toString();
  if (draft.text === own) {
    void store('readwrite', s => s.delete(key));
    return;
  }
  context.model.fromString(draft.text);
  context.model.dirty = true;
  // Over another version than the one that was changed it is not saved unasked.
  if (draft.of !== versionOf(file))
    setForeign(context, { hash: versionOf(file) });
  Notification.info(`What was not saved ${ago(draft.at)} is here again.`, {
    autoClose: false,
    actions: [
      {
        label: 'Load the file instead',
        callback: () => void context.revert().then(() => setForeign(context))
      }
    ]
  });
}

function keep(context: DocumentRegistry.Context): DisposableDelegate {
  const { model } = context;
  let timer = 0;
  let cost = 0;
  let kept = model.dirty; // with what was brought back
  const write = (): void => {
    clearTimeout(timer);
    timer = 0;
    if (context.isDisposed || !context.contentsModel) return;
    const key = keyOf(context.path);
    if (!model.dirty) {
      if (kept) void store('readwrite', s => s.delete(key));
      kept = false;
      return;
    }
    const begun = performance.now();
    const draft: Draft = {
      text: model.toString(),
      of: versionOf(context.contentsModel),
      at: Date.now()
    };
    cost = performance.now() - begun;
    kept = true;
    void store('readwrite', s => s.put(draft, key));
  };
  const later = (): void => {
    if (model.dirty && !timer)
      timer = window.setTimeout(write, Math.max(PAUSE, SHARE * cost));
  };
  const now = (): void => {
    if (timer) write();
  };
  const state = (): void => {
    if (!model.dirty) write();
  };
  model.contentChanged.connect(later);
  model.stateChanged.connect(state);
  window.addEventListener('pagehide', now);
  document.addEventListener('visibilitychange', now);
  return new DisposableDelegate(() => {
    clearTimeout(timer);
    window.removeEventListener('pagehide', now);
    document.removeEventListener('visibilitychange', now);
    model.contentChanged.disconnect(later);
    model.stateChanged.disconnect(state);
    // Closed here, its changes were saved or given up by who closed it.
    const key = keyOf(context.path);
    if (kept) void store('readwrite', s => s.delete(key));
  });
}

export const drafts: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:drafts',
  description: 'Keeps in the browser what was not saved.',
  autoStart: true,
  activate: app => {
    const known = new WeakSet<DocumentRegistry.Context>();
    for (const factory of FACTORIES) {
      app.docRegistry.addWidgetExtension(factory, {
        createNew: (_widget, context) => {
          if (known.has(context))
            return new DisposableDelegate(() => undefined);
          known.add(context);
          let kept: DisposableDelegate | undefined;
          void context.ready.then(async () => {
            if (context.isDisposed) return;
            await alone(context, async () => {
              await bringBack(context);
              if (!context.isDisposed) kept = keep(context);
            });
          });
          context.disposed.connect(() => kept?.dispose());
          return new DisposableDelegate(() => undefined);
        }
      });
    }
  }
};

/** Does something while no other tab has the same document: its draft is that tab's. */
async function alone(
  context: DocumentRegistry.Context,
  act: () => Promise<void>
): Promise<void> {
  // Browsers have locks for pages of this machine and of https only.
  if (!navigator.locks) return act();
  void navigator.locks.request(
    `poolbook:draft:${keyOf(context.path)}`,
    async () => {
      if (context.isDisposed) return;
      await act();
      await new Promise<void>(resolve =>
        context.disposed.connect(() => resolve())
      );
    }
  );
}
