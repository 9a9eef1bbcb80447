// What JupyterLab's notebook does not say to screen readers: names of its
// editors, and that its list of cells is made of articles.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog } from '@jupyterlab/apputils';
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry
} from '@jupyterlab/codemirror';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { EditorView } from '@codemirror/view';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

function nameCells(panel: NotebookPanel): void {
  const notebook = panel.content;
  const name = (): void => {
    notebook.widgets.forEach((cell, i) => {
      cell.node.setAttribute('role', 'article');
      cell.node.setAttribute('aria-label', `Cell ${i + 1}, ${cell.model.type}`);
      cell.node
        .querySelector('.jp-collapseHeadingButton')
        ?.setAttribute('aria-label', 'Fold what is below this heading');
    });
  };
  let asked = 0;
  const later = (): void => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(name);
  };
  const follow = (): void => {
    notebook.model?.cells.changed.connect(later);
    later();
  };
  notebook.modelChanged.connect(follow);
  follow();
}

/**
 * Buttons of toolbars say whether they are pressed on an element that is no button to screen readers. Most never are; the others say
 * so in their name.
 */
function unpress(toolbar: HTMLElement): IDisposable {
  const remove = (): void => {
    for (const node of toolbar.querySelectorAll('jp-button[aria-pressed]')) {
      const pressed = node.getAttribute('aria-pressed') === 'true';
      const name = (node.getAttribute('aria-label') ?? '').replace(/, on$/, '');
      if (name) node.setAttribute('aria-label', pressed ? `${name}, on` : name);
      node.removeAttribute('aria-pressed');
    }
  };
  const observer = new MutationObserver(remove);
  observer.observe(toolbar, {
    childList: true,
    subtree: true,
    attributeFilter: ['aria-pressed']
  });
  remove();
  return new DisposableDelegate(() => observer.disconnect());
}

/** Names fields by the text before them, or by their dialog's title. */
function nameFields(around: HTMLElement): void {
  const title = around.querySelector('.jp-Dialog-header')?.textContent ?? '';
  const fields = around.querySelectorAll<HTMLInputElement | HTMLSelectElement>(
    'input, select, textarea'
  );
  for (const field of fields) {
    if (field.labels?.length || field.hasAttribute('aria-label')) continue;
    // Some fields are in an element of their own, beside their text.
    const before =
      field.previousElementSibling ??
      field.parentElement?.previousElementSibling;
    const isText = before?.matches('label, span');
    const label = isText ? before?.textContent?.trim() : '';
    field.setAttribute('aria-label', label || title || 'Value');
  }
}

export const accessible: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:accessible',
  description: 'Names for screen readers.',
  autoStart: true,
  requires: [INotebookTracker, IEditorExtensionRegistry],
  optional: [IDefaultFileBrowser],
  activate: (
    app,
    tracker: INotebookTracker,
    editors: IEditorExtensionRegistry,
    browser: IDefaultFileBrowser | null
  ) => {
    const label = EditorView.contentAttributes.of({ 'aria-label': 'Source' });
    editors.addExtension({
      name: 'poolbook:label',
      factory: () => EditorExtensionRegistry.createImmutableExtension(label)
    });
    tracker.widgetAdded.connect((_, panel) => {
      nameCells(panel);
      const pressed = unpress(panel.toolbar.node);
      panel.disposed.connect(() => pressed.dispose());
    });
    for (const table of ['CSVTable', 'TSVTable']) {
      app.docRegistry.addWidgetExtension(table, {
        createNew: (widget, context) => {
          void context.ready.then(() =>
            requestAnimationFrame(() => nameFields(widget.node))
          );
        }
      });
    }
    // What the palette lists can be scrolled by keys.
    app.commands.commandExecuted.connect((_, { id }) => {
      if (id !== 'apputils:activate-command-palette') return;
      const list = document.querySelector('.lm-CommandPalette-content');
      list?.setAttribute('tabindex', '0');
    });
    if (browser) unpress(browser.toolbar.node);
    Dialog.tracker.widgetAdded.connect((_, dialog) => {
      // Once it is in the page, with what it asks.
      requestAnimationFrame(() => {
        nameFields(dialog.node);
        // Keys go to the dialog, also where it did not take the focus itself.
        if (!dialog.node.contains(document.activeElement))
          dialog.node
            .querySelector<HTMLElement>('.jp-Dialog-footer button')
            ?.focus();
      });
    });
  }
};
