// What documents do for those who use them: a download has what was typed last,
// what cannot be shown can be downloaded, and a name that is refused is said to be.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { Context, type DocumentRegistry } from '@jupyterlab/docregistry';

/** Hands the browser a text as a file. */
function hand(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text]));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}

type Document = Context<DocumentRegistry.IModel>;

/** Where a document says what went wrong; its class keeps it to itself. */
interface Failing {
  _handleError(error: Error & { response?: Response }, title: string): unknown;
}

/** What a document that cannot be shown offers: to have it as a file. */
async function offer(document: Document, reason: string): Promise<void> {
  const { button } = await showDialog({
    title: `${PathExt.basename(document.localPath)} cannot be shown here`,
    body: reason,
    buttons: [
      Dialog.cancelButton({ label: 'Close' }),
      Dialog.okButton({ label: 'Download' })
    ]
  });
  if (button.accept) await Context.prototype.download.call(document);
}

export const documents: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:documents',
  description: 'Downloads what is not saved, and says why a name is refused.',
  autoStart: true,
  activate: app => {
    const { download } = Context.prototype;
    // Not what the server has: it may be away, or have another version.
    Context.prototype.download = async function (this: Document) {
      if (!this.model.dirty) return download.call(this);
      hand(this.model.toString(), PathExt.basename(this.localPath));
    };
    const failing = Context.prototype as unknown as Failing;
    const { _handleError } = failing;
    failing._handleError = function (this: Document, error, title) {
      // It was asked for as text and is none.
      if (error.response?.status === 400 && !this.isReady)
        return offer(this, error.message);
      return _handleError.call(this, error, title);
    };
    app.commands.commandExecuted.connect((_, { id, result }) => {
      if (id !== 'docmanager:rename') return;
      result.catch(error =>
        showErrorMessage('Not renamed', (error as Error).message)
      );
    });
  }
};
